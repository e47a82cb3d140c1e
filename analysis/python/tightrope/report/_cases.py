# SPDX-License-Identifier: Apache-2.0
"""Cases whose belief is traced: which, their report as text, and the charts."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from .. import plot
from .._log import Log
from .._runs import final_status, last_stages
from .._tables import seed_sets
from ._figures import Figures


def _arms(log: Log) -> list[str]:
    """The first and the last arm of the first table, or of the plan where it has no table."""
    named = log.manifest.tables[0]["rows"] if log.manifest.tables else []
    arms = named or log.manifest.rows
    return [arms[0]] if len(arms) == 1 else [arms[0], arms[-1]]


def _run_of(log: Log, arm: str, seed: int, seed_set: str) -> int | None:
    runs = log.runs
    found = np.flatnonzero((runs.row.values == arm) & (runs.seed.values == seed)
                           & (runs.seed_set.values == seed_set) & (final_status(runs) == "done"))
    return int(found[0]) if len(found) else None


def _final_belief(log: Log, run: int, environment: str) -> xr.Dataset:
    """Belief of policy and oracle of the run's last stage at its last checkpoint."""
    stage = int(last_stages(log.runs)[run])
    data = log.belief.isel(run=run, stage=stage).sel(environment=environment)
    return data.sel(checkpoint=int(log.runs.last_checkpoint.values[run])).load()


def _last_position(data: xr.Dataset) -> np.ndarray:
    """Per probe the last position that exists."""
    there = np.isfinite(data.oracle.values).all(axis=-1)
    return there.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)


def _choose(beliefs: list[xr.Dataset], count: int) -> list[int]:
    """The probes on which the arms' beliefs before the answer lie farthest apart (total variation);
    with one arm, those on which it lies farthest from the oracle."""
    first = beliefs[0].policy.values
    other = beliefs[-1].policy.values if len(beliefs) > 1 else beliefs[0].oracle.values
    before = np.maximum(_last_position(beliefs[0]) - 1, 0)
    probes = np.arange(len(before))
    apart = 0.5 * np.abs(first - other)[probes, before].sum(axis=-1)
    return [int(p) for p in np.argsort(-apart, kind="stable")[:count]]


def _diseases(beliefs: list[xr.Dataset], probe: int, most: int = 4) -> list[str]:
    """Those that a policy or the oracle gives the greatest probability anywhere: one choice and so
    one colouring for all arms."""
    laws = np.concatenate([law.isel(probe=probe).values for data in beliefs
                           for law in (data.policy, data.oracle)])
    peak = np.nanmax(laws, axis=0)
    return [str(beliefs[0].disease.values[at]) for at in np.argsort(-peak, kind="stable")[:most]]


def _tokens(log: Log, run: int, environment: str, probe: int) -> list[dict[str, str]]:
    """The case's report: findings said present, said absent, and the diagnosis."""
    stage = int(last_stages(log.runs)[run])
    data = log.tokens.isel(run=run, stage=stage).sel(environment=environment).isel(probe=probe)
    ids = data.target.values[data.valid.values == 1]
    names = [str(log.vocabulary[i]) for i in ids]
    out, answer = [], False
    for name in names:
        if name.startswith("<"):
            answer = answer or name in ("</think>", "<answer_now>")
            continue
        kind = "answer" if answer else "absent" if name.startswith("-") else "present"
        out.append({"text": name.lstrip("+-"), "kind": kind})
    return out


def traced_cases(log: Log, count: int) -> dict[str, Any] | None:
    """At most ``count`` cases of the last environment; None when nothing was recorded."""
    if count == 0 or "belief" not in log or "tokens" not in log:
        return None
    arms, seed_set = _arms(log), seed_sets(log.manifest)[0]
    seed = int(log.runs.seed.values[log.runs.seed_set.values == seed_set].min())
    environment = str(log.belief.environment.values[-1])
    runs = {arm: run for arm in arms if (run := _run_of(log, arm, seed, seed_set)) is not None}
    if not runs:
        return None
    beliefs = [_final_belief(log, run, environment) for run in runs.values()]
    cases = []
    for probe in _choose(beliefs, count):
        shown = _diseases(beliefs, probe)
        figures = Figures()
        for arm in runs:
            figures.add(f"{arm}: belief after every token",
                        partial(plot.belief_trace, log, row=arm, seed=seed,
                                environment=environment, probe=probe, diseases=shown))
        cases.append({"title": f"Probe {probe}, environment {environment}, seed {seed}",
                      "tokens": _tokens(log, next(iter(runs.values())), environment, probe),
                      "figures": figures})
    rule = ("those on which the two arms' beliefs before the answer lie farthest apart"
            if len(runs) > 1 else "those on which the belief lies farthest from the oracle's")
    text = ("What the policy and the exact oracle believe of the diagnosis after every token of a "
            f"report. The cases shown are {rule}.")
    return {"cases": cases, "text": text}
