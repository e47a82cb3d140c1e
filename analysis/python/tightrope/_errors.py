# SPDX-License-Identifier: Apache-2.0
"""Texts of errors: what was wrong, what is allowed, the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: object, known: Iterable[object]) -> str:
    """``; did you mean "x"?`` when a known name is near, else an empty text."""
    texts = [str(item) for item in known]
    found = difflib.get_close_matches(str(name), texts, n=1, cutoff=0.6)
    return f'; did you mean "{found[0]}"?' if found else ""


def listed(names: Iterable[object], most: int = 12) -> str:
    """The names with commas, cut after ``most``."""
    texts = [str(name) for name in names]
    more = f", ... ({len(texts)} in all)" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def check_choice(what: str, name: object, known: Iterable[object]) -> None:
    """ValueError unless ``name`` is one of ``known``."""
    names = list(known)
    if name not in names:
        raise ValueError(
            f'unknown {what} "{name}"{nearest(name, names)} (allowed: {listed(names) or "none"})'
        )
