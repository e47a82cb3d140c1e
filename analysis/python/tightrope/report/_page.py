# SPDX-License-Identifier: Apache-2.0
"""Puts the page together and writes it."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from .._log import Log
from .._log import open as open_log
from ._cases import traced_cases
from ._drift import drift
from ._figures import Figures, alarms, curves, ledgers
from ._provenance import head, provenance
from ._results import judged_claims, result_tables

#: The page must stay below this size.
MOST_BYTES = 5_000_000

_HERE = pathlib.Path(__file__).parent


def _version() -> str:
    try:
        return importlib.metadata.version("tightrope")
    except importlib.metadata.PackageNotFoundError:
        return ""


# Group that a part needs, its id, title, introduction and figures.
_Part = tuple[str, str, str, str, Callable[[Log], Figures]]
_PARTS: list[_Part] = [
    ("evaluation", "curves", "Learning curves",
     "Evaluated on fresh cases of the named environments during training.", curves),
    ("ledger", "ledger", "Ledger",
     "How far training moved the policy towards the exact oracle (beneficial) and away from it or "
     "past it (detrimental), in nat per report, thinking and outcome apart. The dot is the net: "
     "what the KL to the oracle fell by.", ledgers),
    ("alarms", "alarms", "Alarms", "What change detectors saw in the training series.", alarms),
]


def _contents(log: Log, cases: int) -> dict[str, Any]:
    tables, claims, traced = result_tables(log), judged_claims(log), traced_cases(log, cases)
    parts = [(key, title, text, figures(log)) for group, key, title, text, figures in _PARTS
             if group in log]
    sections = [("results", "Results")] * bool(tables) + [("claims", "Claims")] * bool(claims)
    sections += [(part[0], part[1]) for part in parts]
    sections += [("beliefs", "Belief traces")] * bool(traced)
    sections += [("drift", "Drift"), ("provenance", "Provenance")]
    written = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {"head": head(log, _version(), written), "tables": tables, "claims": claims,
            "parts": parts, "cases": traced, "drift": drift(log), "sections": sections,
            "provenance": provenance(log), "has_charts": True,
            "published": any(table["source"] for table in tables)}


def _script_safe(source: str) -> Markup:
    """JavaScript inside a script element: what would end it or open a comment only ever stands in
    string literals, where ``\\x3c`` is the same character."""
    return Markup(re.sub(r"<(?=!--|/?script)", r"\\x3c", source))


def run_folder(folder: str | os.PathLike[str]) -> Log:
    """The log of a run folder.

    Raises ValueError for a file, also for a collected sweep, and what ``tightrope.open`` raises.
    """
    if pathlib.Path(folder).is_file():
        raise ValueError(f"{folder} is a file: a report is made of a run folder, which has the "
                         "plan, the settings and the logs")
    return open_log(folder)


def page(folder: str | os.PathLike[str], *, cases: int = 3) -> str:
    """The page of a run folder as text; what a run at work has not written yet is said there.

    ``cases``: how many belief traces. Raises ValueError for a file, and what ``tightrope.open``
    raises.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True,
                                     loader=jinja2.FileSystemLoader(_HERE))
    bundle = vl_convert.javascript_bundle("window.tightropeEmbed = vegaEmbed;")
    return environment.get_template("page.html.j2").render(
        **_contents(run_folder(folder), cases),
        style=Markup((_HERE / "style.css").read_text(encoding="utf-8")),
        script=Markup((_HERE / "script.js").read_text(encoding="utf-8")),
        bundle=_script_safe(bundle))


def write(folder: str | os.PathLike[str], out: str | os.PathLike[str], *, cases: int = 3) -> int:
    """Writes the page, replacing ``out`` in one step. Returns its size in bytes.

    Raises ValueError when it would pass 5 MB, and what ``page`` raises; then nothing is written.
    """
    text = page(folder, cases=cases).encode("utf-8")
    if len(text) > MOST_BYTES:
        raise ValueError(f"the page would have {len(text) / 1e6:.1f} MB, more than 5: ask for "
                         f"fewer than {cases} cases (--cases)")
    target = pathlib.Path(out)
    scratch = target.with_name(target.name + ".new")
    scratch.write_bytes(text)
    os.replace(scratch, target)
    return len(text)
