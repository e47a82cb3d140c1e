# SPDX-License-Identifier: Apache-2.0
"""Drift heat maps, position by step."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from .._errors import check_choice
from .._log import Log
from ._belief import token_axis
from ._choose import (
    Source,
    as_log,
    chosen_arms,
    chosen_probe,
    chosen_set,
    chosen_stage,
    chosen_value,
    counted,
    of_stage,
    report_tokens,
)
from ._theme import SEQUENTIAL, finish


def _kl(left: xr.DataArray, right: xr.DataArray) -> xr.DataArray:
    """KL(left || right) of log-probabilities along ``vocab``; NaN where there is no law."""
    mass = np.exp(left)
    terms = xr.where(mass > 0, mass * (left - right), 0.0)
    return terms.sum("vocab").where(left.notnull().any("vocab") & right.notnull().any("vocab"))


def _variation(laws: xr.Dataset) -> xr.DataArray:
    gap = np.abs(np.exp(laws.policy) - np.exp(laws.oracle))
    return (0.5 * gap.sum("vocab")).where(laws.policy.notnull().any("vocab"))


def _step(laws: xr.Dataset) -> xr.DataArray:
    """KL(policy now || policy one checkpoint before), at the later of the two."""
    before = laws.policy.shift(checkpoint=1)
    return _kl(laws.policy, before).isel(checkpoint=slice(1, None))


#: What can be computed from the full laws: text, unit, function.
QUANTITIES: dict[str, tuple[str, str, Callable[[xr.Dataset], xr.DataArray]]] = {
    "kl": ("KL(oracle || policy)", "nat", lambda laws: _kl(laws.oracle, laws.policy)),
    "total_variation": ("total variation to the oracle", "", _variation),
    "step": ("KL(policy || policy one checkpoint before)", "nat", _step),
}


def _measured(log: Log) -> dict[str, xr.DataArray]:
    """Variables of the analysis that run over training and positions."""
    found: dict[str, xr.DataArray] = {}
    for group in ("measures", "ledger"):
        for name, array in (log[group].data_vars.items() if group in log else ()):
            if "position" in array.dims and {"checkpoint", "interval"} & set(array.dims):
                found.setdefault(str(name), array)
    return found


def _values(log: Log, quantity: str, runs: xr.DataArray, stage: str | None,
            cut: dict) -> tuple[xr.DataArray, list[str], str]:
    """The array, its title and, where that is but a name, what it means; its unit."""
    if quantity in QUANTITIES:
        text, unit, compute = QUANTITIES[quantity]
        laws = of_stage(log.tokens_full.isel(run=runs), stage)  # the arm's own checkpoints alone
        laws = laws.sel(environment=cut["environment"])
        parts = [compute(laws.isel(run=[one]).load()) for one in range(laws.sizes["run"])]
        return xr.concat(parts, "run"), [text], unit
    measured = _measured(log)
    check_choice("quantity", quantity, [*QUANTITIES, *measured])
    array = measured[quantity].isel(run=runs).to_dataset(name=quantity)
    array = of_stage(array, stage)[quantity]
    array = array.sel(environment=cut["environment"])
    if "against" in array.dims:
        array = array.sel(against="oracle")
    return array, [quantity, array.attrs.get("long_name", "")], array.attrs.get("units", "")


def drift_heatmap(log: Source, quantity: str = "kl", *, arm: str | None = None,
                  environment: str | None = None, probe: int | None = None,
                  stage: str | None = None, seed_set: str | None = None, width: int = 440,
                  height: int = 220) -> alt.Chart:
    """How far a law is off, by position of the report and by step: mean over seeds and probes.

    ``quantity``: ``kl``, ``total_variation`` (against the oracle) or ``step`` (against one
    checkpoint before), from the full laws; or a variable of ``log.measures`` or ``log.ledger``
    with positions, as ``position_drift_policy``. ``probe``: one report alone, its
    tokens on the axis (of the first seed, whose report it is).

    >>> chart = tightrope.plot.drift_heatmap(log, "kl", arm="cpo", stage="rft")
    >>> chart.to_dict()["encoding"]["color"]["title"]
    'nat'
    """
    log = as_log(log)
    stage = chosen_stage(log, stage)
    seed_set = chosen_set(log, seed_set)
    known = chosen_arms(log, seed_set, None, 10_000)
    arm = known[0] if arm is None else arm
    check_choice("arm", arm, known)
    group = of_stage(log.tokens_full, stage)
    environment = str(chosen_value(group, "environment", environment))
    runs = np.flatnonzero((log.runs.row.values == arm) & (log.runs.seed_set.values == seed_set))
    if probe is not None:
        probe = chosen_probe(group.sizes["probe"], probe)
        runs = runs[:1]
    values, text, unit = _values(log, quantity, runs, stage, {"environment": environment})
    axis = "checkpoint" if "checkpoint" in values.dims else "interval"
    values = values.isel(probe=[probe]) if probe is not None else values
    mean = values.mean([dim for dim in values.dims if dim not in (axis, "position")])
    table = pd.DataFrame([
        {"step": step, "position": place, "value": float(cell)}
        for step, line in zip(mean[axis].values.tolist(), mean.transpose(axis, "position").values,
                              strict=True)
        for place, cell in enumerate(line) if np.isfinite(cell)])
    if table.empty:
        raise ValueError(f"{quantity} has no value for {arm} in {environment}")
    if np.isinf(mean.values).any():
        text = [*text, "blank within the report: infinite, one law excludes what the other allows"]
    report = None
    seeds = values.notnull().any([dim for dim in values.dims if dim != "run"]).sum()
    who = f"mean over {counted(seeds)} {seed_set} seeds, {values.sizes['probe']} probes each"
    if probe is not None:
        run = log.runs.isel(run=int(runs[0]))
        report = report_tokens(log, str(run.run.item()), stage, environment, probe)
        who = f"seed {run.seed.item()}, probe {probe}"
    chart = _draw(table, report, unit, width, height)
    return finish(chart, f"{text[0]} by position: {arm}",
                  [f"{environment}{f', stage {stage}' if stage else ''}; {who}",
                   *(line for line in text[1:] if line and line != text[0])])


def _draw(table: pd.DataFrame, report: list[str] | None, unit: str, width: int,
          height: int) -> alt.Chart:
    steps = sorted(table.step.unique().tolist(), reverse=True)
    axis = token_axis(report) if report else alt.Axis(title="position in the report", labelAngle=0,
                                                      labelOverlap=True)
    return alt.Chart(table).mark_rect(stroke="white", strokeWidth=0.5).encode(
        x=alt.X("position:O", axis=axis),
        y=alt.Y("step:O", sort=steps, title="optimizer step within the stage"),
        color=alt.Color("value:Q", title=unit or "distance", scale=alt.Scale(
            scheme=SEQUENTIAL, domainMin=min(0.0, float(table.value.min()))),
            legend=alt.Legend(gradientLength=height - 30))).properties(width=width, height=height)
