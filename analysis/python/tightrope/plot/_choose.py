# SPDX-License-Identifier: Apache-2.0
"""What all pictures ask: which folder, seeds, arms, run, probe; labels that do not overlap."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import xarray as xr

from .._errors import check_choice, listed
from .._log import Log
from .._log import open as open_log
from .._tables import seed_sets

Source = Log | str | os.PathLike[str]


def as_log(source: Source) -> Log:
    """A Log as it is, a path opened."""
    return source if isinstance(source, Log) else open_log(source)


def chosen_set(log: Log, seed_set: str | None) -> str:
    """The seed set of the argument, by default the one that tables are made on."""
    present = set(np.atleast_1d(log.runs.seed_set.values).tolist())
    known = [name for name in seed_sets(log.manifest) if name in present]
    if seed_set is None:
        return known[0]
    check_choice("seed set", seed_set, known)
    return seed_set


def chosen_stage(log: Log, stage: str | None) -> str | None:
    """The stage of the argument, by default the last; None where the log is cut to one."""
    if "stage" not in log.runs.dims:
        if stage is not None and stage != log.runs.stage.item():
            raise ValueError(f'this log holds the stage "{log.runs.stage.item()}" alone')
        return None
    stages = log.runs.stage.values.tolist()
    if stage is None:
        return stages[-1]
    check_choice("stage", stage, stages)
    return stage


def of_stage(data: xr.Dataset, stage: str | None) -> xr.Dataset:
    """The stage's part of a group."""
    return data if stage is None else data.tightrope.stage(stage)


def chosen_arms(log: Log, seed_set: str, arms: Sequence[str] | None, most: int) -> list[str]:
    """The arms of the argument, by default all; ValueError when they are more than ``most``."""
    there = list(dict.fromkeys(log.runs.sel(seed_set=seed_set).row.values.tolist()))
    if isinstance(arms, str):
        arms = [arms]
    for name in arms or []:
        check_choice("arm", name, there)
    out = list(dict.fromkeys(arms or there))
    if len(out) > most:
        raise ValueError(f"{len(out)} arms are too many for one picture: choose at most {most} by "
                         f"arms=[...] (there are: {listed(out, 24)})")
    return out


def one_run(log: Log, row: str | None, seed: int | None) -> tuple[str, int, str]:
    """Row, seed and id of a run: by default the first arm and its first seed."""
    rows = list(dict.fromkeys(log.runs.row.values.tolist()))
    if row is None:
        row = rows[0]
    check_choice("arm", row, rows)
    runs = log.runs.sel(row=row).sel(seed_set=chosen_set(log.sel(row=row), None)) \
        if seed is None else log.runs.sel(row=row)
    seeds = runs.seed.values.tolist()
    if seed is None:
        seed = seeds[0]
    check_choice("seed", seed, seeds)
    return row, int(seed), str(runs.sel(seed=seed).run.values[0])


def chosen_value(data: xr.Dataset, dim: str, value: object) -> object:
    """A label of a dimension, by default its last."""
    known = data[dim].values.tolist()
    if value is None:
        return known[-1]
    check_choice(dim, value, known)
    return value


def chosen_probe(size: int, probe: int) -> int:
    """ValueError unless 0 <= probe < size."""
    if not 0 <= probe < size:
        raise ValueError(f"probe={probe}: this group has the probes 0 to {size - 1}")
    return probe


def counted(counts: np.ndarray | xr.DataArray) -> str:
    """The numbers of seeds behind the values of a picture: "10", or "4 to 10" where they differ."""
    there = np.asarray(counts)[np.asarray(counts) > 0]
    if there.size == 0:
        return "0"
    low, high = int(there.min()), int(there.max())
    return str(high) if low == high else f"{low} to {high}"


def after(checkpoint: object, stage: str | None) -> str:
    """The moment of a checkpoint, as subtitles say it."""
    steps = f"after {checkpoint} step{'' if checkpoint == 1 else 's'}"
    return steps if stage is None else f"{steps} of {stage}"


def report_tokens(log: Log, run: str, stage: str | None, environment: str, probe: int) -> list[str]:
    """The tokens of a probe's trajectory by position: ``<think>``, then the factual tokens."""
    tokens = log.tokens.sel(run=run, environment=environment).isel(probe=probe)
    if stage is not None:
        tokens = tokens.sel(stage=stage)
    valid = tokens.valid.values.astype(bool)
    names, target = log.vocabulary, tokens.target.values
    length = int(np.flatnonzero(valid)[-1]) + 1 if valid.any() else 0
    return ["<think>", *[str(names[t]) for t in target[:max(length - 1, 0)]]]


def thinking_part(tokens: list[str]) -> list[str]:
    """The tokens up to ``</think>``: behind it stands the diagnosis itself."""
    return tokens[:tokens.index("</think>") + 1] if "</think>" in tokens else tokens


def report_diagnosis(log: Log, run: str, stage: str | None, environment: str, probe: int,
                     diseases: Sequence[str]) -> str:
    """The case's own diagnosis: the factual token that is a disease."""
    tokens = log.tokens.sel(run=run, environment=environment).isel(probe=probe)
    if stage is not None:
        tokens = tokens.sel(stage=stage)
    names = log.vocabulary
    given = [str(names[t]) for t in tokens.target.values if t >= 0]
    return next((name for name in reversed(given) if name in set(diseases)), "")


def spread(values: Sequence[float], gap: float) -> list[float]:
    """The values moved as little as needed to lie ``gap`` apart, in the same order."""
    order = np.argsort(values, kind="stable")
    out = np.asarray(values, dtype=float)[order]
    for _ in range(200):
        crowded = np.flatnonzero(np.diff(out) < gap * 0.999)
        if len(crowded) == 0:
            break
        for at in crowded:
            short = gap - (out[at + 1] - out[at])
            if short > 0:
                out[at] -= short / 2
                out[at + 1] += short / 2
    back = np.empty_like(out)
    back[order] = out
    return back.tolist()
