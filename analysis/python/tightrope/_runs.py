# SPDX-License-Identifier: Apache-2.0
"""The runs of a folder and how far each has come."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ._manifest import Manifest
from ._pack import Pack
from ._parameters import run_coordinates
from ._run_index import with_run_index


def stage_names(manifest: Manifest, packs: dict[str, Pack]) -> list[str]:
    """Names of the stages by their place in the path."""
    depth = max(len(run.path) for run in manifest.runs)
    out = [f"stage_{place}" for place in range(depth)]
    for run in manifest.runs:
        lanes = packs[run.path[-1].pack].lanes()
        if run.path[-1].lane < len(lanes):
            names = [one["name"] for one in lanes[run.path[-1].lane].config["stages"]]
            out[:len(names)] = names[:depth]
            if len(run.path) == depth:
                return out
    for run in manifest.runs:
        for segment in run.path:
            lanes = packs[segment.pack].lanes()
            if segment.lane < len(lanes):
                names = [one["name"] for one in lanes[segment.lane].config["stages"]]
                out[:len(names)] = names[:depth]
                out[segment.stage] = lanes[segment.lane].stage
    return out


def run_table(manifest: Manifest, packs: dict[str, Pack], stages: list[str],
              reserved: set[str]) -> xr.Dataset:
    """The runs alone: coordinates, the state of each segment, the last stage and checkpoint.

    ``reserved``: names that a parameter must not take.
    """
    status = np.full((len(manifest.runs), len(stages)), "", dtype=object)
    last = np.array([stages[run.path[-1].stage] for run in manifest.runs], dtype=np.str_)
    ends = {name: pack.last_checkpoint() for name, pack in packs.items()}
    done = np.array([ends[run.path[-1].pack] for run in manifest.runs])
    configs: list[dict[str, Any] | None] = []
    for row, run in enumerate(manifest.runs):
        configs.append(None)
        for segment in run.path:
            lanes = packs[segment.pack].lanes()
            there = segment.lane < len(lanes)
            status[row, segment.stage] = lanes[segment.lane].status if there else "missing"
            configs[-1] = lanes[segment.lane].config if there and segment is run.path[-1] else None
    coordinates = run_coordinates(manifest, configs, reserved)
    coordinates["stage"] = xr.Variable("stage", np.array(stages, dtype=np.str_),
                                       {"long_name": "stage"})
    return with_run_index(xr.Dataset({
        "status": (("run", "stage"), status.astype(np.str_), {
            "long_name": "state of the segment: done, diverged, partial or missing"}),
        "last_stage": ("run", last, {"long_name": "the last stage"}),
        "last_checkpoint": ("run", done, {"long_name": "its last checkpoint; -1: none yet"}),
    }, coordinates))


def last_stages(runs: xr.Dataset) -> np.ndarray:
    """Per run the place of its last stage among the stages of ``log.runs``."""
    stages = runs.stage.values.tolist()
    return np.array([stages.index(name) for name in runs.last_stage.values], dtype=np.int64)


def final_status(runs: xr.Dataset) -> np.ndarray:
    """Per run the status of its last stage: done, diverged, partial or missing."""
    return runs.status.values[np.arange(runs.sizes["run"]), last_stages(runs)]


def last_begun(runs: xr.Dataset) -> np.ndarray:
    """Per run the place of the last stage that has a log, whole or not; -1 where none has."""
    begun = ~np.isin(runs.status.values, ("missing", ""))
    return np.where(begun.any(axis=1), begun.shape[1] - 1 - np.argmax(begun[:, ::-1], axis=1), -1)
