# SPDX-License-Identifier: Apache-2.0
"""What the world did: exact sizes per mechanism, events, and the sizes along the stream."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import plot
from .._log import Log
from .._runs import final_status, last_begun, last_stages
from ._figures import Figures


def _first_run(log: Log) -> int:
    """The first finished run, whose world the tables describe; the first with a log until then."""
    done = np.flatnonzero(np.isin(final_status(log.runs), ("done", "diverged")))
    begun = np.flatnonzero(last_begun(log.runs) >= 0)
    return int(done[0]) if len(done) else int(begun[0]) if len(begun) else 0


def drift(log: Log) -> dict[str, Any]:
    """Tables of one world (worlds of other seeds differ in their numbers) and the timeline."""
    place = _first_run(log)
    stage, last = int(last_begun(log.runs)[place]), int(last_stages(log.runs)[place])
    world = log.drift.isel(run=place, stage=stage).load()
    until = "" if stage == last else f", to the end of {log.runs.stage.values[stage]}"
    mechanisms = [str(name) for name in world.mechanism.values]
    rows = []
    for name in world.environment.values:
        sizes = world.environment_kl.sel(environment=name).values
        rows.append([str(name), *(f"{size:.4f}" for size in sizes), f"{sizes.sum():.4f}"])
    events = []
    if "event_time" in world:
        for when, process, factor, kind in zip(world.event_time.values, world.event_process.values,
                                               world.event_factor.values, world.event_kind.values,
                                               strict=True):
            if when >= 0:
                events.append([str(int(when)), str(process), str(factor), str(kind)])
    run = log.runs.isel(run=place)
    moved = bool(np.nanmax(world.kl.values, initial=0) > 0)
    text = "The sizes are exact: they are computed from the world's tables, not estimated."
    if not moved:
        text = f"The world stands still along this stream{until}."
    figures = Figures()
    if moved:
        figures.add("Drift along the stream",
                    partial(plot.drift_timeline, log, row=str(run.row.item()), seed=int(run.seed)),
                    "KL of the world at each stream time from the world at time 0, by mechanism; "
                    "rules mark the events of the drift processes.")
    return {"text": text, "mechanisms": mechanisms, "rows": rows, "events": events,
            "figures": figures,
            "scope": f"; world of {run.row.item()}, seed {int(run.seed)}{until}"}
