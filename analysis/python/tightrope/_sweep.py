# SPDX-License-Identifier: Apache-2.0
"""A ``sweep.h5``, which ``tightrope collect`` makes of a run folder, as the same data sets."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import xarray as xr

from ._errors import check_choice
from ._log import LOG_GROUPS, Log
from ._manifest import Manifest, Run
from ._pack import decode, open_file, whole
from ._parameters import run_coordinates
from ._run_index import with_run_index

# Variables along `run` that every group repeats beside the swept parameters.
_RUN = ("id", "row", "arm", "seed", "seed_set", "status")


def _group(path: pathlib.Path, name: str) -> xr.Dataset:
    return xr.open_dataset(path, group=name, engine="h5netcdf", decode_times=False)


def _value(raw: Any) -> Any:
    """A parameter as the plan has it: a text may hold JSON, NaN and an empty text none."""
    if isinstance(raw, str):
        if raw[:1] in "{[" and raw:
            return json.loads(raw)
        return raw or None
    number = raw.item() if isinstance(raw, np.generic) else raw
    return None if isinstance(number, float) and np.isnan(number) else number


def _manifest(path: pathlib.Path, meta: xr.Dataset, parameters: list[str]) -> Manifest:
    with open_file(path) as file:
        about = {key: str(file.attrs.get(key, "")) for key in ("experiment", "config_hash")}
    runs = []
    columns = {name: meta[name].values for name in (*_RUN, *parameters) if name in meta}
    for at in range(meta.sizes["run"]):
        values = {meta[name].attrs.get("long_name", name): _value(columns[name][at])
                  for name in parameters}
        runs.append(Run(str(columns["id"][at]), str(columns["row"][at]),
                        str(columns["seed_set"][at]), int(columns["seed"][at]),
                        {key: value for key, value in values.items() if value is not None}, ()))
    return Manifest(about["experiment"], about["config_hash"],
                    list(dict.fromkeys(run.row for run in runs)), runs=runs)


def _runs(meta: xr.Dataset, manifest: Manifest, reserved: set[str]) -> xr.Dataset:
    configs = [json.loads(text) if text else None for text in decode(meta.config.values)]
    stages = meta.stage.values.tolist()
    there = decode(meta.segment.values) != ""
    status = np.where(there, meta.status.values[:, None], "missing").astype(np.str_)
    last = there.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)
    steps = [{one["name"]: one["steps"] for one in (config or {"stages": []})["stages"]}
             for config in configs]
    done = np.array([steps[at].get(stages[place], -1) for at, place in enumerate(last)])
    coordinates = run_coordinates(manifest, configs, reserved)
    coordinates["stage"] = xr.Variable("stage", np.array(stages, dtype=np.str_),
                                       {"long_name": "stage"})
    return with_run_index(xr.Dataset({
        "status": (("run", "stage"), status),
        "last_stage": ("run", np.array(stages, dtype=np.str_)[last]),
        "last_checkpoint": ("run", done)}, coordinates))


def open_sweep(path: pathlib.Path, stage: str | None) -> Log:
    """Opens it; ``drift`` has no dimension ``stage`` there, it is read off a run's last stage."""
    with open_file(path) as file:
        names = tuple(name for name in LOG_GROUPS if name in file)
        tokens = whole(file["meta/token"]) if "meta/token" in file else np.empty(0, object)
        collected = "meta/run" in file
    if not collected:
        raise ValueError(f"{path} is not a collected sweep: it has no runs in /meta. Open a run "
                         "folder, or what `tightrope collect` wrote")
    meta = _group(path, "meta").load()
    own = {"run", "stage", "config", "segment", "frozen_step", "frozen_cause", "token", "token_id"}
    parameters = [str(name) for name, v in meta.variables.items()
                  if v.dims == ("run",) and name not in (*_RUN, *own)]
    groups = {name: _group(path, name) for name in names if name != "meta"}
    reserved = {"stage", "status", "parameters", "statistic", "vocab"}
    for data in groups.values():
        reserved |= {str(n) for n in (*data.variables, *data.dims)} - set(parameters) - set(_RUN)
    manifest = _manifest(path, meta, parameters)
    runs = _runs(meta, manifest, reserved)
    if stage is not None:
        check_choice("stage", stage, runs.stage.values.tolist())

    def load(name: str) -> xr.Dataset:
        data = meta if name == "meta" else groups[name]
        away = ["run", "stage", *_RUN, *parameters]
        away += ["token", "token_id"] if name == "meta" else []
        data = data.drop_vars([n for n in away if n in data.variables])
        if "vocab" in data.dims and "vocab" not in data.coords and data.sizes["vocab"] == len(
                tokens):
            data = data.assign_coords(vocab=("vocab", tokens.astype(np.str_),
                                             {"long_name": "token"}))
        kept = {n: v.variable for n, v in runs.coords.items() if set(v.dims) <= set(data.dims)}
        data = with_run_index(data.assign_coords(kept))
        return data.tightrope.stage(stage) if stage is not None and "stage" in data.dims else data

    seen = runs if stage is None else runs.sel(stage=stage)
    return Log(path, names, load, manifest, seen, lambda: tokens.astype(np.str_))
