# SPDX-License-Identifier: Apache-2.0
"""Phase diagrams: where an effect helps, hurts or is undecided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from .._errors import check_choice
from .._statistics import mean_interval
from ._choose import Source, as_log, chosen_set, counted
from ._theme import DIVERGING, FAINT, INK, finish


def _hatching(aspect: float, lines: int = 9) -> str:
    """Diagonal lines over the rectangle [-aspect, aspect] x [-1, 1], as the path of a mark."""
    path = []
    for offset in np.linspace(-aspect - 1, aspect + 1, lines + 2)[1:-1]:  # y = x - offset
        left, right = max(-aspect, offset - 1), min(aspect, offset + 1)
        path.append(f"M{left:.3f},{offset - left:.3f}L{right:.3f},{offset - right:.3f}")
    return "".join(path)


def _labels(side: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"row": side} if isinstance(side, str) else dict(side)


def _select(final: xr.DataArray, side: str | Mapping[str, Any], swept: list[str]) -> xr.DataArray:
    labels = _labels(side)
    for name in labels:
        check_choice("parameter of the effect", name, ["row", *swept])
    return final.sel(labels)


def _text(side: str | Mapping[str, Any]) -> str:
    return side if isinstance(side, str) else ", ".join(f"{k}={v}" for k, v in side.items())


def _by_point(values: xr.DataArray, axes: list[str], shared: list[str]) -> dict[tuple, dict]:
    """value[point][seed]; an axis that a side does not have, or fixes, stands for every place."""
    out: dict[tuple, dict] = {}
    for at in range(values.sizes["run"]):
        one = values.isel(run=at)
        point = tuple(one[axis].item() if axis in shared else None for axis in axes)
        seeds = out.setdefault(point, {})
        seed = one.seed.item()
        if seed in seeds:
            where = ", ".join(f"{a}={p}" for a, p in zip(axes, point, strict=True))
            raise ValueError(f"several runs of seed {seed} at {where}: name more parameters of the "
                             "effect's sides, so that each cell holds one arm")
        seeds[seed] = float(one)
    return out


def phase_diagram(log: Source, x: str, y: str, *,
                  effect: tuple[str | Mapping[str, Any], str | Mapping[str, Any]],
                  column: str = "accuracy", seed_set: str | None = None, level: float = 0.95,
                  width: int = 400, height: int = 260) -> alt.LayerChart:
    """The effect of one setting against another over two swept parameters.

    ``effect``: (side, other side), each a row of the table or a selection by swept parameters,
    ``{"propose": "stratified"}``; the cell shows the mean of their difference in ``column``,
    paired by seed. Blue: gain, orange: loss, hatched: undecided, because the t interval over
    seeds holds 0. A side without one of the two parameters serves all of its values.

    >>> tightrope.plot.phase_diagram(log, "confounding", "propose", column="accuracy(target)",
    ...     effect=({"optimizer_type": "cpo"}, {"optimizer_type": "dpo"})).to_dict()["width"]
    400
    """
    log = as_log(log)
    seed_set = chosen_set(log, seed_set)
    swept = [str(name) for name, v in log.runs.coords.items() if "path" in v.attrs]
    for axis in (x, y):
        check_choice("swept parameter", axis, swept)
    if x == y:
        raise ValueError(f'both axes are "{x}": a phase diagram needs two parameters')
    if not isinstance(effect, tuple | list) or len(effect) != 2:
        raise ValueError("effect=(side, other side): two rows, or two selections by parameters")
    final = log.final().tightrope.column(column).sel(seed_set=seed_set)
    table = _cells(final, x, y, effect, swept, level)
    better, worse = _text(effect[0]), _text(effect[1])
    chart = _draw(table, x, y, log.runs, width, height)
    return finish(chart, f"Effect on {column}: {better}", [
        f"against {worse}; paired by seed, {counted(table.n)} {seed_set} seeds",
        f"hatched: undecided, the {100 * level:g} % t interval holds 0"])


def _cells(final: xr.DataArray, x: str, y: str, effect: tuple, swept: list[str],
           level: float) -> pd.DataFrame:
    sides = []
    for side in effect:
        values = _select(final, side, swept)
        shared = [axis for axis in (x, y) if axis not in _labels(side)
                  and not _absent(values[axis].values).all()]
        sides.append((_by_point(values, [x, y], shared), shared))
    (ours, has), (theirs, has_other) = sides
    if not has:
        raise ValueError(f"{_text(effect[0])} has neither {x} nor {y}")
    rows = []
    for point, seeds in ours.items():
        other = theirs.get(tuple(value if axis in has_other else None
                                 for axis, value in zip((x, y), point, strict=True)), {})
        shared = sorted(set(seeds) & set(other))
        if not shared:
            continue
        cell = mean_interval([seeds[seed] - other[seed] for seed in shared], level)
        rows.append({"x": _shown(point[0]), "y": _shown(point[1]), "effect": cell.mean,
                     "low": cell.low, "high": cell.high, "n": cell.n,
                     "decided": bool(cell.low > 0 or cell.high < 0)})
    if not rows:
        raise ValueError("the two sides of the effect share no cell and seed")
    return pd.DataFrame(rows)


def _absent(values: np.ndarray) -> np.ndarray:
    return np.isnan(values) if values.dtype.kind == "f" else values == "" \
        if values.dtype.kind == "U" else np.zeros(values.shape, dtype=bool)


def _shown(value: Any) -> Any:
    return "all" if value is None else value


def _draw(table: pd.DataFrame, x: str, y: str, runs: xr.Dataset, width: int,
          height: int) -> alt.LayerChart:
    columns, lines = _ordered(table.x), _ordered(table.y)
    reach = float(np.nanmax(np.abs(table.effect))) or 1.0
    base = alt.Chart(table).encode(
        x=alt.X("x:O", sort=columns, title=runs[x].attrs["path"],
                axis=alt.Axis(labelAngle=0, domain=False, ticks=False)),
        y=alt.Y("y:O", sort=lines[::-1], title=runs[y].attrs["path"],
                axis=alt.Axis(domain=False, ticks=False)))
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(color=alt.Color(
        "effect:Q", title="effect", scale=alt.Scale(domain=[-reach, reach], range=DIVERGING,
                                                    interpolate="lab"),
        legend=alt.Legend(format="+.2f", gradientLength=height - 40)))
    wide, high = width / len(columns) - 6, height / len(lines) - 6
    hatch = base.transform_filter("!datum.decided").mark_point(
        shape=_hatching(wide / high), size=float(high * high), stroke=FAINT, strokeWidth=1,
        opacity=0.7, filled=False)
    paper = base.transform_filter("!datum.decided").mark_rect(
        width=46, height=17, color="white", opacity=0.85)
    text = base.mark_text(fontSize=11.5, fontWeight="bold").encode(
        text=alt.Text("effect:Q", format="+.3f"), color=alt.condition(
            f"datum.decided && abs(datum.effect) > {0.55 * reach}", alt.value("white"),
            alt.value(INK)))
    return alt.layer(cells, hatch, paper, text).properties(width=width, height=height)


def _ordered(values: pd.Series) -> list[Any]:
    """Numbers by size, texts as they come."""
    known = values.drop_duplicates().tolist()
    return sorted(known) if all(isinstance(v, (int, float)) for v in known) else known
