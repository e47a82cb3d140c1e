# SPDX-License-Identifier: Apache-2.0
"""Learning curves."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from .._errors import listed, nearest
from .._log import Log
from .._tables import parse_column
from ._choose import (
    Source,
    as_log,
    chosen_arms,
    chosen_set,
    chosen_stage,
    counted,
    of_stage,
    spread,
)
from ._theme import COLOURS, finish, style

_MOST_ARMS = 12
_MOST_POINTS, _MOST_OF_A_LINE = 600, 100  # 600 points are below 100 kB


def _series(log: Log, column: str, stage: str | None) -> xr.DataArray:
    """A metric of the evaluation or a training metric, [run, checkpoint or step]."""
    scalars = [str(name) for name in log.scalars.data_vars]
    if column in scalars:
        return of_stage(log.scalars[[column]], stage)[column]
    wanted = parse_column(column)
    metrics = [str(name) for name in log.evaluation.data_vars]
    if wanted.metric not in metrics:
        known = metrics + scalars
        raise ValueError(f'unknown metric "{wanted.metric}"{nearest(wanted.metric, known)} '
                         f"(evaluated: {listed(metrics, 40)}; "
                         f"at every step: {listed(scalars, 40)})")
    return of_stage(log.evaluation, stage).tightrope.column(column)


def _thinned(data: xr.DataArray, axis: str, most: int = _MOST_OF_A_LINE) -> xr.DataArray:
    """Means of equal stretches where the axis has more than ``most`` entries."""
    if data.sizes[axis] <= most:
        return data
    width = int(np.ceil(data.sizes[axis] / most))
    return data.coarsen({axis: width}, boundary="trim").mean()


def _labels(ends: pd.DataFrame, height: int, span: float) -> pd.DataFrame:
    return ends.assign(place=spread(ends["mean"].tolist(), span * 14 / height))


def learning_curves(log: Source, column: str = "accuracy", *, arms: Sequence[str] | None = None,
                    stage: str | None = None, seed_set: str | None = None, level: float = 0.95,
                    width: int = 420, height: int = 280) -> alt.LayerChart:
    """A metric over training, a line per arm: means with t intervals over seeds.

    ``column``: a metric as tables name it, ``accuracy(target, entangled)``, or a training metric
    of every step, ``loss``. ``stage``: by default the last. Long series are averaged over equal
    stretches, at most a hundred per line and 600 in all.

    >>> chart = tightrope.plot.learning_curves(log, "accuracy(target)", stage="rft")
    >>> sorted(set(row["row"] for row in chart.to_dict()["datasets"].popitem()[1]))[:2]
    ['cpo', 'cpo_weak']
    """
    log = as_log(log)
    stage = chosen_stage(log, stage)
    seed_set = chosen_set(log, seed_set)
    arms = chosen_arms(log, seed_set, arms, _MOST_ARMS)
    series = _series(log, column, stage).sel(seed_set=seed_set).tightrope.arm(*arms)
    axis = "step" if "step" in series.dims else "checkpoint"
    most = min(_MOST_OF_A_LINE, _MOST_POINTS // len(arms))
    interval = _thinned(series, axis, most).tightrope.interval(level)
    table = interval[["mean", "low", "high", "n"]].to_dataframe().reset_index()
    table = table[["row", axis, "mean", "low", "high", "n"]].rename(columns={axis: "step"}).dropna(
        subset=["mean"])
    if table.empty:
        raise ValueError(f"{column} has no value in the stage {stage} of these arms")
    low, high = np.nanmin(table[["mean", "low"]]), np.nanmax(table[["mean", "high"]])
    span = (high - low) or abs(high) or 1.0
    ends = table.sort_values("step").groupby("row", sort=False).tail(1)
    labels = _labels(ends, height, 1.1 * span)
    low = min(low, labels.place.min())
    high = max(high, labels.place.max())
    chart = _draw(table, labels, arms, [low - 0.05 * span, high + 0.05 * span],
                  _y_title(series, column), width, height)
    where = "" if stage is None else f", stage {stage}"
    return finish(chart, f"{column}{where}",
                  f"mean and {100 * level:g} % t interval over {counted(table.n)} {seed_set} seeds")


def _y_title(series: xr.DataArray, column: str) -> str:
    unit = series.attrs.get("units", "1")
    return column if unit == "1" else f"{column} ({unit})"


def _draw(table: pd.DataFrame, labels: pd.DataFrame, arms: list[str], domain: list[float],
          title: str, width: int, height: int) -> alt.LayerChart:
    styles = [style(place) for place in range(len(arms))]
    colour = alt.Color("row:N", legend=None, scale=alt.Scale(
        domain=arms, range=[one for one, _ in styles]))
    dash = alt.StrokeDash("row:N", legend=None, scale=alt.Scale(
        domain=arms, range=[two for _, two in styles]))
    few = len(table) <= 15 * len(arms)
    start, stop = float(table.step.min()), float(table.step.max())
    margin = 0.03 * max(stop - start, 1.0) if few else 0.0
    ticks = {"values": sorted(table.step.unique().tolist())} if table.step.nunique() <= 8 else {}
    x = alt.X("step:Q", title="optimizer step within the stage",
              scale=alt.Scale(domain=[start - margin, stop + margin], nice=False),
              axis=alt.Axis(format="d", tickCount=6, grid=False, **ticks))
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    low = alt.Y("low:Q", title=title, scale=scale)
    spread_bars = few and len(arms) > 4  # bands of many arms hide each other
    if spread_bars:
        apart = 0.006 * (stop - start)
        place = {arm: (at - (len(arms) - 1) / 2) * apart for at, arm in enumerate(arms)}
        table = table.assign(step=table.step + table.row.map(place))
    base = alt.Chart(table).encode(x=x, color=colour)
    band = base.mark_rule(strokeWidth=1.2, opacity=0.75).encode(y=low, y2="high:Q") \
        if spread_bars else base.mark_area(opacity=0.16).encode(y=low, y2="high:Q")
    line = base.mark_line(strokeWidth=2, point=few).encode(
        y=alt.Y("mean:Q", title=title, scale=scale))
    if len(arms) > len(COLOURS):
        line = line.encode(strokeDash=dash)
    text = alt.Chart(labels.assign(step=stop)).mark_text(
        align="left", dx=14 if spread_bars else 7, fontSize=11.5, fontWeight="bold").encode(
        x="step:Q", y="place:Q", text="row:N", color=colour)
    return alt.layer(band, line, text).properties(width=width, height=height)
