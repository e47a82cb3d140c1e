# SPDX-License-Identifier: Apache-2.0
"""The world's drift along the stream."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from .._errors import check_choice
from .._runs import last_begun
from ._choose import Source, as_log, one_run
from ._theme import FAINT, INK, finish, style

_SIZES = {"kl": "KL from time 0 (nat)", "hellinger": "Hellinger distance from time 0",
          "total_variation": "total variation from time 0",
          "budget_hellinger": "variation budget (Hellinger)",
          "budget_total_variation": "variation budget (total variation)"}


def _events(world: xr.Dataset) -> pd.DataFrame:
    """Times of the drift events, one line per time, with the factors that moved."""
    found: dict[int, list[str]] = {}
    if "event_time" in world:
        for time, factor in zip(world.event_time.values, world.event_factor.values, strict=True):
            if time >= 0 and str(factor) not in found.setdefault(int(time), []):
                found[int(time)].append(str(factor))
    return pd.DataFrame([{"time": time, "factors": ", ".join(names)}
                         for time, names in sorted(found.items())], columns=["time", "factors"])


def drift_timeline(log: Source, quantity: str = "kl", *, row: str | None = None,
                   seed: int | None = None, width: int = 430, height: int = 220) -> alt.LayerChart:
    """Exact size of the world's drift along the stream, a line per mechanism.

    ``quantity``: ``kl``, ``hellinger``, ``total_variation`` or a ``budget_`` of the last two. By
    default the world of the first arm and seed. Dashed rules mark the drift processes' events.
    Mechanisms that never move are left out. Of a run at work: to the end of its last stage that
    has a log; ValueError where none has.

    >>> tightrope.plot.drift_timeline(log).to_dict()["width"]
    430
    """
    log = as_log(log)
    check_choice("quantity", quantity, _SIZES)
    row, seed, run = one_run(log, row, seed)
    world, so_far = log.drift.sel(run=run), ""
    if "stage" in world.dims:  # a sweep.h5 has none
        place = int(last_begun(log.runs.sel(run=[run]))[0])
        if place < 0:
            raise ValueError(f"the run {row} with seed {seed} has no log yet")
        world = world.isel(stage=place)
        if world.stage.item() != log.runs.last_stage.sel(run=run).item():
            so_far = f"; so far, to the end of {world.stage.item()}"
    world = world.load()
    sizes = world[quantity]
    moved = [str(name) for name in sizes.mechanism.values
             if np.nanmax(np.abs(sizes.sel(mechanism=name).values), initial=0) > 0]
    table = pd.DataFrame([
        {"time": int(time), "mechanism": name, "size": float(value)} for name in moved
        for time, value in zip(sizes.stream_time.values, sizes.sel(mechanism=name).values,
                               strict=True) if np.isfinite(value)],
        columns=["time", "mechanism", "size"])
    chart = _draw(table, moved, _events(world), _SIZES[quantity], width, height)
    what = "no mechanism moves" if not moved else "exact, per mechanism"
    return finish(chart, f"Drift of the world: {row}, seed {seed}", what + so_far)


def _draw(table: pd.DataFrame, moved: list[str], events: pd.DataFrame, title: str, width: int,
          height: int) -> alt.LayerChart:
    x = alt.X("time:Q", title="stream time (optimizer steps over all stages)",
              axis=alt.Axis(format="d", tickCount=6, grid=False))
    colour = alt.Color("mechanism:N", title=None, legend=alt.Legend(orient="top"), scale=alt.Scale(
        domain=moved, range=[style(place)[0] for place in range(len(moved))]))
    # A size is known at the logged times alone: dots; the thin line only leads the eye.
    sized = alt.Chart(table).encode(x=x, y=alt.Y("size:Q", title=title), color=colour)
    lines = sized.mark_line(strokeWidth=1.2, opacity=0.6) + sized.mark_circle(size=45, opacity=1)
    rules = alt.Chart(events).mark_rule(strokeDash=[4, 3], color=FAINT).encode(x="time:Q")
    if events.empty:  # an empty layer would have no extent
        return lines.properties(width=width, height=height)
    middle = 0.5 * max([*table.time, *events.time], default=0)
    names = [alt.Chart(events[late]).mark_text(align=align, dx=dx, baseline="top", fontSize=10.5,
                                               color=INK).encode(x="time:Q", y=alt.value(place),
                                                                 text="factors:N")
             for late, align, dx, place in ((events.time <= middle, "left", 4, 2),
                                            (events.time > middle, "right", -4, 2))
             if late.any()]
    return alt.layer(rules, lines, *names).properties(width=width, height=height)
