# SPDX-License-Identifier: Apache-2.0
"""Belief traces along one report."""

from __future__ import annotations

import json
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from .._errors import check_choice
from ._choose import (
    Source,
    after,
    as_log,
    chosen_probe,
    chosen_stage,
    chosen_value,
    of_stage,
    one_run,
    report_diagnosis,
    report_tokens,
    spread,
    thinking_part,
)
from ._theme import finish, style

_MOST = 8


def token_axis(tokens: Sequence[str], title: str = "token of the report") -> alt.Axis:
    """An axis whose place j is labelled by token j."""
    names = json.dumps(list(tokens))  # escaped as an expression's texts are
    return alt.Axis(labelExpr=f"{names}[datum.value]", labelAngle=-50, labelLimit=130,
                    labelOverlap=False, title=title, grid=False)


def _diseases(choice: int | Sequence[str], names: list[str], laws: np.ndarray,
              truth: str) -> list[str]:
    """The named ones, or the most probable ones, where that reaches 2 %, with the true one."""
    if isinstance(choice, int):
        if not 1 <= choice <= _MOST:
            raise ValueError(f"diseases={choice}: between 1 and {_MOST}, or a list of names")
        peak = np.nanmax(laws, axis=tuple(range(laws.ndim - 1)))
        order = np.argsort(-peak, kind="stable")[:choice]
        out = [names[at] for at in order if peak[at] >= 0.02] or [names[order[0]]]
        return out if truth in (*out, "") else [*out[:max(choice - 1, 0)], truth]
    for name in choice:
        check_choice("disease", name, names)
    if not 1 <= len(choice) <= _MOST:
        raise ValueError(f"{len(choice)} diseases: between 1 and {_MOST} fit into one picture")
    return list(choice)


def belief_trace(log: Source, *, row: str | None = None, seed: int | None = None,
                 environment: str | None = None, probe: int = 0, stage: str | None = None,
                 checkpoint: int | None = None, diseases: int | Sequence[str] = 4,
                 width: int = 390, height: int = 260) -> alt.LayerChart:
    """z_j = P(z | image, report up to token j) of the policy and of the oracle, along one report.

    By default the first arm and seed, the last environment and stage, the run's last checkpoint
    in it, and the four
    diseases that either gives the greatest probability, of 2 % at least, the true one among them.
    Needs ``record: {probes: ...}``.

    >>> chart = tightrope.plot.belief_trace(log, row="cpo", seed=0, probe=1, diseases=2)
    >>> chart.to_dict()["width"]
    390
    """
    log = as_log(log)
    row, seed, run = one_run(log, row, seed)
    stage = chosen_stage(log, stage)
    belief = of_stage(log.belief.sel(run=[run]), stage)  # its own checkpoints alone
    environment = str(chosen_value(belief, "environment", environment))
    checkpoint = chosen_value(belief, "checkpoint", checkpoint)
    probe = chosen_probe(belief.sizes["probe"], probe)
    tokens = thinking_part(report_tokens(log, run, stage, environment, probe))
    if not tokens[1:]:
        raise ValueError(f"the run {row} with seed {seed} has no probe {probe} in {environment}")
    cut = belief.sel(run=run, environment=environment).isel(
        probe=probe, position=slice(0, len(tokens)))
    laws = {"policy": cut.policy.sel(checkpoint=checkpoint).values, "oracle": cut.oracle.values}
    names = belief.disease.values.tolist()
    truth = report_diagnosis(log, run, stage, environment, probe, names)
    shown = _diseases(diseases, names, np.stack(list(laws.values())), truth)
    table = pd.DataFrame([
        {"position": j, "disease": name, "law": law, "probability": float(values[j, at])}
        for law, values in laws.items() for name in shown for j in range(len(tokens))
        for at in [names.index(name)] if np.isfinite(values[j, at])])
    chart = _draw(table, shown, tokens, width, height)
    return finish(chart, f"Belief along one report: {row}, seed {seed}",
                  f"{environment}, probe {probe}, {after(checkpoint, stage)}"
                  + (f"; diagnosis: {truth}" if truth else ""))


def _draw(table: pd.DataFrame, shown: list[str], tokens: list[str], width: int,
          height: int) -> alt.LayerChart:
    colour = alt.Color("disease:N", legend=None, scale=alt.Scale(
        domain=shown, range=[style(place)[0] for place in range(len(shown))]))
    dash = alt.StrokeDash("law:N", scale=alt.Scale(domain=["policy", "oracle"],
                                                   range=[[1, 0], [5, 3]]),
                          legend=alt.Legend(title=None, orient="top", symbolStrokeColor="#222",
                                            symbolSize=400, offset=2))
    x = alt.X("position:O", axis=token_axis(tokens),
              scale=alt.Scale(domain=list(range(len(tokens)))))
    y = alt.Y("probability:Q", title="P(diagnosis | image, report so far)",
              scale=alt.Scale(domain=[0, 1]))
    lines = alt.Chart(table).mark_line(strokeWidth=2).encode(
        x=x, y=y, color=colour, strokeDash=dash, detail="law:N")
    dots = alt.Chart(table[table.law == "policy"]).mark_circle(size=28, opacity=1).encode(
        x=x, y=y, color=colour)
    last = table[(table.law == "policy") & (table.position == table.position.max())].copy()
    last["place"] = spread(last.probability.tolist(), 14 / height)
    text = alt.Chart(last).mark_text(align="left", dx=10, fontSize=11.5, fontWeight="bold").encode(
        x=x, y="place:Q", text="disease:N", color=colour)
    return alt.layer(lines, dots, text).properties(width=width, height=height)
