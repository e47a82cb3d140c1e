# SPDX-License-Identifier: Apache-2.0
"""The ledger as bars."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from .._errors import check_choice
from ._choose import (
    Source,
    as_log,
    chosen_arms,
    chosen_set,
    chosen_stage,
    chosen_value,
    counted,
    of_stage,
)
from ._theme import BAD, GOOD, INK, finish

_KINDS = ["beneficial", "detrimental"]


def ledger_waterfall(log: Source, *, arm: str | None = None, environment: str | None = None,
                     parts: Sequence[str] = ("thinking", "outcome"), stage: str | None = None,
                     seed_set: str | None = None, level: float = 0.95, width: int = 420,
                     height: int = 150) -> alt.VConcatChart:
    """Beneficial drift up, detrimental drift down, net drift as a dot with its interval.

    One bar per interval between checkpoints; thinking and outcome apart. Means over seeds of the
    sums over a report's positions, t intervals of the net over seeds. Beneficial - detrimental is
    what the KL to the oracle fell by. Needs ``tightrope analyze FOLDER``.
    """
    log = as_log(log)
    stage = chosen_stage(log, stage)
    seed_set = chosen_set(log, seed_set)
    known = chosen_arms(log, seed_set, None, 10_000)
    arm = known[0] if arm is None else arm
    check_choice("arm", arm, known)
    ledger = log.ledger[["beneficial_sum", "detrimental_sum", "net_sum"]].tightrope.arm(arm)
    ledger = of_stage(ledger, stage)
    environment = str(chosen_value(ledger, "environment", environment))
    parts = [parts] if isinstance(parts, str) else list(parts)
    for part in parts:
        check_choice("part", part, ledger.part.values.tolist())
    cut = ledger.sel(environment=environment, seed_set=seed_set).tightrope.by_seed()
    cut = cut.sel(row=arm).load()
    seeds = np.isfinite(cut.net_sum.sel(part=parts)).sum("seed")
    if not seeds.any():
        raise ValueError(f"{arm} has no ledger yet in {environment}"
                         + (f", stage {stage}" if stage else ""))
    panels = []
    for place, part in enumerate(parts):
        bars, net = _tables(cut.sel(part=part), level)
        panels.append(_panel(bars, net, part, width, height, last=place == len(parts) - 1))
    return finish(alt.vconcat(*panels, spacing=14), f"Ledger of drift: {arm}", [
        f"{environment}{f', stage {stage}' if stage else ''}; "
        f"mean over {counted(seeds)} {seed_set} seeds",
        f"dot: net change towards the oracle with its {100 * level:g} % t interval"])


def _tables(cut, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    steps = cut.interval.values.tolist()
    sums = {kind: cut[f"{kind}_sum"].mean("seed").values for kind in _KINDS}
    bars = pd.DataFrame([
        {"step": step, "kind": kind, "nat": sign * float(sums[kind][at])}
        for at, step in enumerate(steps) for kind, sign in (("beneficial", 1), ("detrimental", -1))
        if np.isfinite(sums[kind][at])], columns=["step", "kind", "nat"])
    net = cut.net_sum.tightrope.interval(level)[["mean", "low", "high"]].to_dataframe()
    net = net[["mean", "low", "high"]].reset_index().rename(columns={"interval": "step"})
    return bars, net.dropna(subset=["mean"])


def _panel(bars: pd.DataFrame, net: pd.DataFrame, part: str, width: int, height: int,
           last: bool) -> alt.LayerChart:
    x = alt.X("step:O", title="end of the interval (optimizer step)" if last else None,
              axis=alt.Axis(labelAngle=0, labelOverlap=True, labels=last, ticks=last))
    title = f"{part} (nat per sequence)"
    thick = min(60.0, 0.7 * width / max(bars.step.nunique(), 1))
    boxes = alt.Chart(bars).mark_bar(opacity=0.85, size=thick).encode(
        x=x, y=alt.Y("nat:Q", title=title, stack=None),
        color=alt.Color("kind:N", sort=_KINDS, scale=alt.Scale(domain=_KINDS, range=[GOOD, BAD]),
                        legend=alt.Legend(title=None, orient="top", offset=4)))
    zero = alt.Chart(pd.DataFrame({"nat": [0.0]})).mark_rule(color=INK).encode(y="nat:Q")
    whisker = alt.Chart(net).mark_rule(color=INK, strokeWidth=1.5).encode(
        x=x, y=alt.Y("low:Q", title=title), y2="high:Q")
    dots = alt.Chart(net).mark_circle(color=INK, size=46, opacity=1).encode(
        x=x, y=alt.Y("mean:Q", title=title))
    return alt.layer(boxes, zero, whisker, dots).properties(width=width, height=height)
