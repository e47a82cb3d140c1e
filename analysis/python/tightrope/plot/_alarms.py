# SPDX-License-Identifier: Apache-2.0
"""Rasters of change detectors' alarms."""

from __future__ import annotations

import json
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from .._errors import check_choice, listed
from .._log import Log
from ._choose import Source, as_log, chosen_arms, chosen_set, chosen_stage, of_stage
from ._theme import COLOURS, INK, finish

_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right",
           "stroke"]
_KINDS = ("warning", "drift")


def _alarm_table(alarms: xr.Dataset, kinds: Sequence[str]) -> pd.DataFrame:
    """One line per alarm: row, seed, series, detector, step, kind."""
    codes = [1 + _KINDS.index(kind) for kind in kinds]
    time, kind = alarms.time.values, alarms.kind.values
    lines = []
    for at in np.argwhere((time >= 0) & np.isin(kind, codes)):
        run, series, detector, _ = at
        lines.append({"row": str(alarms.row.values[run]), "seed": int(alarms.seed.values[run]),
                      "series": str(alarms.series.values[series]),
                      "detector": str(alarms.detector.values[detector]),
                      "step": int(time[tuple(at)]),
                      "kind": _KINDS[int(kind[tuple(at)]) - 1]})
    return pd.DataFrame(lines, columns=["row", "seed", "series", "detector", "step", "kind"])


def _analysed(alarms: xr.Dataset) -> np.ndarray:
    """Which runs a detector saw: the others have no count of alarms, not even 0."""
    if "count" not in alarms:
        return np.ones(alarms.sizes["run"], dtype=bool)
    counts = alarms["count"].transpose("run", ...).values
    return (counts >= 0).reshape(len(counts), -1).any(axis=1)


def _events(log: Log, runs: np.ndarray, stage: str | None) -> pd.DataFrame:
    """Times of the true drift events within the stage's steps, with what they drifted."""
    drift = log.drift
    if "event_time" not in drift:
        return pd.DataFrame(columns=["step", "factor"])
    drift = drift[["event_time", "event_factor"]].isel(run=runs)
    drift = (drift if stage is None else drift.sel(stage=stage)).load()
    found: dict[tuple[int, str], None] = {}
    for row, reach in enumerate(_reach(log, runs, stage)):
        for time, factor in zip(drift.event_time.values[row], drift.event_factor.values[row],
                                strict=True):
            if reach is not None and factor and reach[0] <= time <= reach[1]:
                found[int(time - reach[0]), str(factor)] = None
    return pd.DataFrame([{"step": step, "factor": factor} for step, factor in found],
                        columns=["step", "factor"])


def _reach(log: Log, runs: np.ndarray, stage: str | None) -> list[tuple[int, int] | None]:
    """Per run the stream times at which the stage begins and ends; None where it has no log.

    By the settings: a run that diverged logs fewer steps, but the stream goes on beside it.
    """
    configs = log.meta.config.isel(run=runs)
    configs = (configs if stage is None else configs.sel(stage=stage)).values.tolist()
    known: dict[str, tuple[int, int] | None] = {"": None}
    for text in configs:
        if text not in known:
            stages = json.loads(text)["stages"]
            place = log.runs.stage.values.tolist().index(stage) if stage is not None else \
                [one["name"] for one in stages].index(log.runs.stage.item())
            before = sum(int(one["steps"]) for one in stages[:place])
            known[text] = (before, before + int(stages[place]["steps"]))
    return [known[text] for text in configs]


def alarm_raster(log: Source, *, series: str | None = None,
                 detectors: Sequence[str] | None = None, arms: Sequence[str] | None = None,
                 kinds: Sequence[str] = ("drift",), stage: str | None = None,
                 seed_set: str | None = None, width: int = 380) -> alt.LayerChart:
    """When detectors raised alarms, a line per run, beside the times of the true drift.

    ``series``: one of ``log.alarms.series``, by default the first; ``kinds``: of ``warning`` and
    ``drift``. Dashed lines are the true events within the stage, named by what drifted. Runs
    without an analysis have no line. Needs ``tightrope analyze FOLDER``.
    """
    log = as_log(log)
    stage = chosen_stage(log, stage)
    seed_set = chosen_set(log, seed_set)
    arms = chosen_arms(log, seed_set, arms, 12)
    alarms = log.alarms if stage is None else log.alarms.sel(stage=stage)
    known = alarms.series.values.tolist()
    series = known[0] if series is None else series
    if series not in known and f"scalars/{series}" in known:
        series = f"scalars/{series}"
    check_choice("series", series, known)
    names = alarms.detector.values.tolist()
    detectors = names if detectors is None else [detectors] if isinstance(detectors, str) \
        else list(detectors)
    for name in detectors:
        check_choice("detector", name, names)
    if not 1 <= len(detectors) <= len(_SHAPES):
        raise ValueError(f"{len(detectors)} detectors: choose between 1 and {len(_SHAPES)} "
                         "by detectors=[...]")
    for kind in kinds:
        check_choice("kind", kind, _KINDS)
    rows, sets = log.runs.row.values, log.runs.seed_set.values
    runs = np.concatenate([np.flatnonzero((rows == arm) & (sets == seed_set)) for arm in arms])
    cut = alarms.isel(run=runs).sel(series=[series], detector=detectors)
    there = _analysed(cut) & [reach is not None for reach in _reach(log, runs, stage)]
    if not there.any():
        raise ValueError(f"no run of {listed(arms)} has alarms yet"
                         + (f" in the stage {stage}" if stage else ""))
    runs, cut = runs[there], cut.isel(run=np.flatnonzero(there))
    table = _alarm_table(cut, kinds)
    lines = [f"{row} · {seed}" for row, seed in zip(cut.row.values, cut.seed.values, strict=True)]
    steps = of_stage(log.scalars.isel(run=runs), stage).step.values
    events = _events(log, runs, stage)
    chart = _draw(table, events, lines, detectors, [int(steps.min()), int(steps.max()) + 1], width)
    shown = " and ".join(kinds) if len(table) else "no " + " or ".join(kinds)
    return finish(chart, f"Alarms on {series}",
                  f"{shown} alarms per run{f', stage {stage}' if stage else ''}; "
                  + ("dashed: true drift" if len(events) else "no true drift in it")
                  + (f"; {int((~there).sum())} runs without an analysis" * (not there.all())))


def _draw(table: pd.DataFrame, events: pd.DataFrame, lines: list[str], detectors: list[str],
          reach: list[int], width: int) -> alt.LayerChart:
    height = max(80, min(15 * len(lines), 420))
    table = table.assign(line=table.row + " · " + table.seed.astype(str))
    x = alt.X("step:Q", title="optimizer step within the stage", scale=alt.Scale(
        domain=reach, nice=False), axis=alt.Axis(format="d", tickCount=6, grid=False))
    y = alt.Y("line:N", sort=lines, scale=alt.Scale(domain=lines), title=None,
              axis=alt.Axis(labelLimit=170, labelOverlap=True, grid=True, domain=False,
                            ticks=False))
    scale = {"domain": detectors}
    marks = alt.Chart(table).mark_point(filled=True, size=52, opacity=0.9).encode(
        x=x, y=y,
        color=alt.Color("detector:N", scale=alt.Scale(range=COLOURS[:len(detectors)], **scale),
                        legend=alt.Legend(title=None, orient="right")),
        shape=alt.Shape("detector:N", scale=alt.Scale(range=_SHAPES[:len(detectors)], **scale)))
    rows = alt.Chart(pd.DataFrame({"line": lines, "step": reach[0], "end": reach[1]})).mark_rule(
        color="#E6E6E6").encode(x=x, x2="end:Q", y=y)
    layers = [rows, marks]
    if len(events):
        named = events.groupby("step", as_index=False).factor.agg(", ".join)
        layers.insert(1, alt.Chart(named).mark_rule(color=INK, strokeDash=[5, 4]).encode(x=x))
        right = named.step > reach[0] + 0.6 * (reach[1] - reach[0])
        for side, align, shift in ((~right, "left", 3), (right, "right", -3)):
            if side.any():
                layers.append(alt.Chart(named[side]).mark_text(
                    align=align, dx=shift, dy=-6, fontSize=11, color=INK).encode(
                    x=x, y=alt.value(0), text="factor:N"))
    return alt.layer(*layers).properties(width=width, height=height)
