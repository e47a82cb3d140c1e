# SPDX-License-Identifier: Apache-2.0
"""The page's result tables and claims, as texts ready to be shown."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from .._log import Log
from .._tables import claims, parse_column, seed_sets, table


def number(value: float, digits: int = 3) -> str:
    """Fixed digits; a dash for what is not there."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "\u2013"


def _digits(means: pd.Series) -> int:
    """Three decimals for shares and nats, fewer for large numbers."""
    largest = means.abs().max()
    return 3 if not largest >= 10 else 2 if largest < 100 else 1


def _heading(text: str) -> dict[str, str]:
    column = parse_column(text)
    inside = [column.environment] + ([column.subset] if column.subset != "all" else [])
    return {"title": column.metric, "detail": ", ".join(name for name in inside if name)}


def _rows(data: pd.DataFrame, columns: list[str], by_row: bool) -> list[dict[str, Any]]:
    digits = {name: _digits(part["mean"]) for name, part in data.groupby("column")}
    out = []
    for arm, part in data.groupby("arm", sort=False):
        cells = []
        for name in columns:
            line = part[part.column == name].iloc[0]
            own = "" if by_row or math.isnan(line.published) else f"{line.published:g}"
            cells.append({"mean": number(line["mean"], digits[name]), "published": own,
                          "half": f"\u00b1 {number(line.half_width, digits[name])}"})
        figure = part.published.iloc[0]
        out.append({"arm": arm, "cells": cells, "n": int(part.n.max()),
                    "published": "" if math.isnan(figure) else f"{figure:g}"})
    return out


def _one_table(log: Log, name: str, seed_set: str) -> dict[str, Any]:
    data = table(log.folder, name, seed_set)
    columns = list(dict.fromkeys(data.column))
    spread = data.groupby("arm").published.nunique(dropna=True)
    complete = data.groupby("arm").published.apply(lambda v: v.isna().all() or v.notna().all())
    by_row = bool(len(columns) == 1 or ((spread <= 1).all() and complete.all()))
    return {"name": name, "seed_set": seed_set, "source": data.attrs["source"],
            "unit": data.attrs["unit"], "columns": [_heading(text) for text in columns],
            "row_published": by_row and bool(data.published.notna().any()),
            "rows": _rows(data, columns, by_row)}


def result_tables(log: Log) -> list[dict[str, Any]]:
    """Every table of the plan for the first seed set, then for the others."""
    sets = seed_sets(log.manifest)
    return [{**_one_table(log, spec["name"], seed_set), "folded": seed_set != sets[0]}
            for seed_set in sets for spec in log.manifest.tables]


_LABELS = {"estimate": "estimate", "low": "", "high": "", "p": "p (t)",
           "p_sign_flip": "p (sign flip)", "p_holm": "p (Holm)", "n": "seeds"}


def _cell(line: pd.Series, name: str) -> str:
    value = line[name]
    if pd.isna(value) or (name == "n" and value == 0):
        return ""
    if name == "n":
        return str(int(value))
    return f"{value:.2g}" if name.startswith("p") else f"{value:+.4f}"


def _note(line: pd.Series) -> str:
    if line.verdict != "undecided" or not line.get("seeds_to_decide", 0):
        return ""
    return f"about {int(line.seeds_to_decide)} seeds would decide"


def judged_claims(log: Log) -> dict[str, Any] | None:
    """The claims with their verdicts; None when the folder has none that are judged."""
    if not log.manifest.claims or not (log.folder / "tables" / "claims.md").exists():
        return None
    data = claims(log.folder)
    shown = [name for name in ("estimate", "p", "p_sign_flip", "p_holm", "n") if name in data]
    lines = []
    for _, line in data.iterrows():
        cells = [_cell(line, name) for name in shown]
        interval = "" if pd.isna(line.low) else f"[{line.low:+.4f}, {line.high:+.4f}]"
        lines.append({"claim": line.claim, "part": int(line.part), "contrast": line.contrast,
                      "verdict": line.verdict, "note": _note(line),
                      "cells": [cells[0], interval, *cells[1:]]})
    names = [_LABELS[name] for name in shown]
    seeds = data.attrs["seed_set"]
    return {"judged_on": f"Judged on {seeds} seeds" if seeds else "Judged", "lines": lines,
            "columns": [names[0], "95 % interval", *names[1:]]}
