# SPDX-License-Identifier: Apache-2.0
"""Token rivers: where the probability flows."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from .._log import Log
from ._belief import token_axis
from ._choose import (
    Source,
    after,
    as_log,
    chosen_probe,
    chosen_stage,
    chosen_value,
    of_stage,
    one_run,
    report_tokens,
    thinking_part,
)
from ._theme import COLOURS, finish

_OTHER = "all other tokens"
_KINDS = ["other present findings", "other absent findings", "end of thinking", "other diagnoses"]


def _laws(log: Log, run: str, stage: str | None, environment: str, probe: int) -> xr.Dataset:
    """Probabilities: policy [checkpoint, position, vocab], oracle [position, vocab]."""
    full = of_stage(log.tokens_full.sel(run=[run]), stage)  # its own checkpoints alone
    full = full.sel(run=run, environment=environment).isel(probe=probe)[["policy", "oracle"]]
    return np.exp(full.load())


def _shown(laws: np.ndarray, names: list[str], count: int) -> list[int]:
    """The ``count`` tokens with the greatest probability anywhere, greatest first."""
    peak = np.nan_to_num(laws.reshape(-1, len(names))).max(axis=0)
    return [int(at) for at in np.argsort(-peak, kind="stable")[:count] if peak[at] > 0]


def _lines(law: np.ndarray, shown: list[int], names: list[str], keys: dict) -> list[dict]:
    """One line per shown token and one for the rest, which adds up to 1."""
    rows = [{**keys, "order": place, "token": names[at], "probability": float(law[at])}
            for place, at in enumerate(shown)]
    rest = max(0.0, 1.0 - sum(row["probability"] for row in rows))
    return [*rows, {**keys, "order": len(shown), "token": _OTHER, "probability": rest}]


def token_river(log: Source, *, row: str | None = None, seed: int | None = None,
                environment: str | None = None, probe: int = 0, position: int | None = None,
                checkpoint: int | None = None, stage: str | None = None, tokens: int | None = None,
                width: int = 350, height: int = 260) -> alt.HConcatChart | alt.VConcatChart:
    """Stacked probabilities of the next token, the exact ones of the oracle beside them.

    With ``position``: over training, the law after that token of the report; at its right the
    oracle's law there. Without: along the whole report at one ``checkpoint`` (by default the
    run's last), the policy above the oracle: the report's own next token, the others by kind. With
    ``tokens`` (by default 6 over training) the most probable ones are named, the rest is grey.
    For the probes that are recorded in full (``record: {tokens_full: ...}``).

    >>> chart = tightrope.plot.token_river(log, row="cpo", seed=0, position=2, stage="sft")
    >>> len(chart.to_dict()["hconcat"])
    2
    """
    log = as_log(log)
    row, seed, run = one_run(log, row, seed)
    stage = chosen_stage(log, stage)
    group = of_stage(log.tokens_full.sel(run=[run]), stage)
    environment = str(chosen_value(group, "environment", environment))
    probe = chosen_probe(group.sizes["probe"], probe)
    if tokens is not None and not 1 <= tokens <= len(COLOURS):
        raise ValueError(f"tokens={tokens}: between 1 and {len(COLOURS)}")
    report = report_tokens(log, run, stage, environment, probe)
    laws = _laws(log, run, stage, environment, probe)
    about = f"{environment}, probe {probe}"
    if position is None:
        checkpoint = chosen_value(group, "checkpoint", checkpoint)
        diseases = set(log.belief.disease.values.tolist()) if "belief" in log else set()
        chart = _along(laws, checkpoint, report, tokens, diseases, width)
        return finish(chart, f"Next-token law along one report: {row}, seed {seed}",
                      f"{about}, {after(checkpoint, stage)}")
    if checkpoint is not None:
        raise ValueError("with a position the river flows over all checkpoints: give one of both")
    if not 0 <= position < len(report):
        raise ValueError(f"position={position}: this report has the positions 0 to "
                         f"{len(report) - 1}")
    chart = _over_training(laws.isel(position=position), tokens or 6, width, height)
    following = report[position + 1] if position + 1 < len(report) else "its end"
    return finish(chart, f"Next-token law over training: {row}, seed {seed}", [
        f"{about}, position {position}, after {report[position]}"
        + (f"; stage {stage}" if stage else ""), f"the report goes on with {following}"])


def _colour(shown: list[str], legend: bool = True) -> alt.Color:
    return alt.Color("token:N", sort=[*shown, _OTHER], scale=alt.Scale(
        domain=[*shown, _OTHER], range=[*COLOURS[:len(shown)], "#D9D9D9"]),
        legend=alt.Legend(title=None, orient="right", symbolType="square") if legend else None)


def _over_training(laws: xr.Dataset, count: int, width: int, height: int) -> alt.HConcatChart:
    names = laws.vocab.values.tolist()
    policy, oracle = laws.policy.values, laws.oracle.values
    shown = _shown(np.concatenate([policy, oracle[None]]), names, count)
    flow = pd.DataFrame([line for step, law in zip(laws.checkpoint.values.tolist(), policy,
                                                   strict=True)
                         for line in _lines(law, shown, names, {"step": step})])
    truth = pd.DataFrame(_lines(oracle, shown, names, {"law": "oracle"}))
    colour = _colour([names[at] for at in shown])
    y = alt.Y("probability:Q", stack="zero", scale=alt.Scale(domain=[0, 1]),
              title="probability of the next token")
    river = alt.Chart(flow).mark_area(interpolate="monotone", stroke="white",
                                      strokeWidth=0.6).encode(
        x=alt.X("step:Q", title="optimizer step within the stage",
                axis=alt.Axis(format="d", tickCount=6, grid=False),
                scale=alt.Scale(nice=False)),
        y=y, color=colour, order="order:Q").properties(width=width, height=height)
    bar = alt.Chart(truth).mark_bar(stroke="white", strokeWidth=0.6).encode(
        x=alt.X("law:N", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("probability:Q", stack="zero", scale=alt.Scale(domain=[0, 1]), axis=None),
        color=colour, order="order:Q").properties(width=46, height=height)
    return alt.hconcat(river, bar, spacing=10)


def _kinds(names: list[str], diseases: set[str]) -> np.ndarray:
    """Per token its kind: by the vocabulary's signs, +present.0, -absent, diagnoses, marks."""
    present, absent, end, diagnosis = _KINDS
    return np.array([present if name.startswith("+") else absent if name.startswith("-") else
                     diagnosis if name in diseases else end if name == "</think>" else _OTHER
                     for name in names])


def _by_kind(laws: np.ndarray, kinds: np.ndarray, following: list[int]) -> list[dict]:
    """Mass of the report's own next token and of the other tokens by kind, per position."""
    own = "the report's next token"
    shown = [own, *(kind for kind in _KINDS if (kinds == kind).any())]
    rows = []
    for place, law in enumerate(laws):
        mass = {kind: float(law[kinds == kind].sum()) for kind in shown[1:]}
        mass[_OTHER] = float(law[kinds == _OTHER].sum())
        if place < len(following):
            at = following[place]
            mass[own] = float(law[at])
            mass[str(kinds[at])] -= mass[own]
        rows += [{"position": place, "order": order, "token": kind,
                  "probability": max(0.0, mass.get(kind, 0.0))}
                 for order, kind in enumerate([*shown, _OTHER])]
    return rows


def _along(laws: xr.Dataset, checkpoint: object, report: list[str], count: int | None,
           diseases: set[str], width: int) -> alt.VConcatChart:
    names = laws.vocab.values.tolist()
    places = thinking_part(report)
    cut = laws.isel(position=slice(0, len(places)))
    both = {"policy": cut.policy.sel(checkpoint=checkpoint).values, "oracle": cut.oracle.values}
    kinds = _kinds(names, diseases)
    shown = [] if count is None else _shown(np.stack(list(both.values())), names, count)
    following = [names.index(token) for token in report[1:len(places) + 1]]
    panels = []
    for law, values in both.items():
        rows = _by_kind(values, kinds, following) if count is None else [
            line for place, one in enumerate(values)
            for line in _lines(one, shown, names, {"position": place})]
        order = list(dict.fromkeys(row["token"] for row in rows if row["token"] != _OTHER))
        axis = token_axis(places, "next token after") if law == "oracle" else alt.Axis(
            labels=False, ticks=False, title=None, grid=False)
        panels.append(alt.Chart(pd.DataFrame(rows)).mark_bar(
            stroke="white", strokeWidth=0.6).encode(
            x=alt.X("position:O", axis=axis, scale=alt.Scale(paddingInner=0.06)),
            y=alt.Y("probability:Q", stack="zero", scale=alt.Scale(domain=[0, 1]),
                    title=f"probability, {law}"),
            color=_colour(order), order="order:Q").properties(width=width, height=150))
    return alt.vconcat(*panels, spacing=12)
