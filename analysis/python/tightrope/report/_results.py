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


_PROBABILITIES = {"p": "p (t)", "p_holm": "p (Holm)", "p_sign_flip": "p (sign flip)"}


def _interval(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"[{low:+.4f}, {high:+.4f}]"


def _cells(line: pd.Series, bootstrapped: bool, probabilities: list[str]) -> list[str]:
    if pd.isna(line.estimate):
        return [""] * (3 + bootstrapped + len(probabilities))
    out = [f"{line.estimate:+.4f}", _interval(line.low, line.high)]
    if bootstrapped:
        out.append(_interval(line.bca_low, line.bca_high))
    return [*out, *(f"{line[name]:.2g}" for name in probabilities), str(int(line.n))]


def _note(line: pd.Series) -> str:
    if line.verdict != "undecided" or not line.seeds_to_decide:
        return ""
    seen = line.get("detectable", math.nan)
    more = "" if pd.isna(seen) else f"; {seen:.4f} would have shown"
    return f"about {int(line.seeds_to_decide)} seeds would decide{more}"


def judged_claims(log: Log) -> dict[str, Any] | None:
    """The claims with their verdicts; None when the folder has none that are judged."""
    tables = log.folder / "tables"
    if not log.manifest.claims or not any((tables / f"claims.{kind}").exists()
                                          for kind in ("csv", "md")):
        return None
    data = claims(log.folder)
    bootstrapped = "bca_low" in data
    probabilities = [name for name in _PROBABILITIES if name in data]
    lines = [{"claim": line.claim, "part": int(line.part), "contrast": line.contrast,
              "verdict": line.verdict, "note": _note(line),
              "cells": _cells(line, bootstrapped, probabilities)}
             for _, line in data.iterrows()]
    names = ["estimate", "95 % t interval", *["95 % BCa interval"] * bootstrapped,
             *(_PROBABILITIES[name] for name in probabilities), "seeds"]
    judged = data.attrs.get("seed_set", "")
    return {"judged_on": f"Judged on the {judged} seeds" if judged
            else data.attrs.get("judged_on", ""), "lines": lines, "columns": names}
