# SPDX-License-Identifier: Apache-2.0
"""The charts of the page's parts. What cannot be drawn yet, or is left out, is said in a note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from .. import plot
from .._log import Log
from .._tables import parse_column, seed_sets
from ._chart import Chart, render

if TYPE_CHECKING:
    import altair

# Arms of one picture, tables with curves, ledgers of a page, arms and detectors of a raster.
_ARMS, _TABLES, _LEDGERS, _RASTER, _DETECTORS = 12, 6, 10, 6, 8


@dataclass
class Figures:
    """Charts of one part of the page, and notes on those that are not there."""

    charts: list[Chart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, title: str, draw: Callable[[], altair.TopLevelMixin], caption: str = "") -> None:
        """Draws one chart. A ValueError, as of an arm without values yet, becomes a note."""
        try:
            self.charts.append(render(title, draw(), caption))
        except ValueError as error:
            self.notes.append(f"{title}: {error}")

    def first(self, names: list[str], most: int, what: str) -> list[str]:
        """The first ``most`` names, with a note when there are more."""
        if len(names) > most:
            self.notes.append(f"The first {most} of {len(names)} {what} are shown.")
        return names[:most]


def _columns(log: Log, columns: list[str], most: int = 2) -> list[str]:
    """The first columns that are different metrics and change in training."""
    fixed = {"oracle_accuracy"}
    out: dict[str, str] = {}
    for text in columns:
        if parse_column(text).metric not in fixed:
            out.setdefault(parse_column(text).metric, text)
    return list(out.values())[:most] or [str(next(iter(log.evaluation.data_vars)))]


def curves(log: Log) -> Figures:
    """Learning curves: the first metrics of the first tables."""
    specs = {spec["name"]: spec for spec in log.manifest.tables} or {
        "all arms": {"rows": [], "columns": []}}
    seed_set = seed_sets(log.manifest)[0]
    there = set(log.runs.row.values[log.runs.seed_set.values == seed_set].tolist())
    out = Figures()
    for name in out.first(list(specs), _TABLES, "tables"):
        spec = specs[name]
        arms = [arm for arm in spec["rows"] or log.manifest.rows if arm in there]
        shown = out.first(arms, _ARMS, f"arms of {name}")
        for column in _columns(log, spec["columns"]) if arms else []:
            out.add(f"{column}, {name}", partial(plot.learning_curves, log, column, arms=shown,
                                                 seed_set=seed_set))
    return out


def ledgers(log: Log) -> Figures:
    """One waterfall per arm of the tables."""
    there = set(log.runs.row.values.tolist())
    named = [arm for spec in log.manifest.tables for arm in spec["rows"]] or log.manifest.rows
    out = Figures()
    arms = [arm for arm in dict.fromkeys(named) if arm in there]
    for arm in out.first(arms, _LEDGERS, "arms"):
        out.add(f"Ledger: {arm}", partial(plot.ledger_waterfall, log, arm=arm))
    return out


def alarms(log: Log) -> Figures:
    """One raster of the first arms and detectors."""
    seed_set = seed_sets(log.manifest)[0]
    rows = log.runs.row.values[log.runs.seed_set.values == seed_set]
    out = Figures()
    arms = out.first(list(dict.fromkeys(rows.tolist())), _RASTER, "arms")
    detectors = out.first(log.alarms.detector.values.tolist(), _DETECTORS, "detectors")
    out.add("Alarms", partial(plot.alarm_raster, log, arms=arms, detectors=detectors),
            "One line per run; rules mark true events of the drift processes.")
    return out
