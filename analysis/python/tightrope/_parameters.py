# SPDX-License-Identifier: Apache-2.0
"""What a sweep varied, as coordinates of its runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr

from ._manifest import Manifest

# A last key that says little without the key before it.
_VAGUE = {"type", "to", "at", "factor", "kind", "name", "every", "seed", "table", "table2"}


def _flatten(path: str, value: Any, out: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{path}.{key}" if path else str(key), inner, out)
    else:
        out[path] = value


def _look_up(config: dict[str, Any], path: str) -> Any:
    """The resolved value of a dotted path; its head may be the name of a stage."""
    keys = path.split(".")
    at: Any = config
    for stage in config.get("stages", []):
        if stage.get("name") == keys[0]:
            at, keys = stage, keys[1:]
            break
    for key in keys:
        if isinstance(at, list) and key.isdigit() and int(key) < len(at):
            at = at[int(key)]
        elif isinstance(at, dict) and key in at:
            at = at[key]
        else:
            return None
    return at


def swept_values(manifest: Manifest, configs: list[dict[str, Any] | None]
                 ) -> dict[str, list[Any]]:
    """Per dotted path that differs between runs, its value in each run (None: it has none).

    A run without a config, because its log is not there yet, has the values of its plan; of a path
    that its plan leaves alone, the value that other such runs agree on. What stays unknown makes no
    difference between runs.
    """
    configs = _completed(manifest, configs)
    flat: list[dict[str, Any]] = []
    for run in manifest.runs:
        flat.append({})
        _flatten("", run.values, flat[-1])
    paths = list(dict.fromkeys(path for one in flat for path in one))
    branches = {path.rsplit(".", 1)[0] for path in paths if path.endswith(".type")}
    for path in paths:
        if any(isinstance(_look_up(config or {}, path), dict) for config in configs):
            branches.add(path)  # "rft.expert: random" is short for {type: random}
    out: dict[str, list[Any]] = {}
    for path in paths:
        full = f"{path}.type" if path in branches else path
        if full in out:
            continue
        out[full] = [_value(one, full, config) for one, config in zip(flat, configs, strict=True)]
        if None in configs:
            _fill(out[full], manifest, full, configs)
    return {path: values for path, values in out.items()
            if len({json.dumps(v, sort_keys=True) for v, config in
                    zip(values, configs, strict=True) if v is not None or config is not None}) > 1}


def _completed(manifest: Manifest, configs: list[dict[str, Any] | None]
               ) -> list[dict[str, Any] | None]:
    """Runs without a config with that of another seed: same row, same values."""
    keys = [(run.row, json.dumps(run.values, sort_keys=True)) for run in manifest.runs]
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for key, config in zip(keys, configs, strict=True):
        if config is not None:
            known.setdefault(key, config)
    return [known.get(key) if config is None else config
            for key, config in zip(keys, configs, strict=True)]


def _touches(values: dict[str, Any], path: str) -> bool:
    """Whether a run's plan sets the path, a block around or below it, or such a block's type."""
    parts = path.split(".")
    around = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return any(key in around or key.startswith(f"{path}.") or key.removesuffix(".type") in around
               for key in values)


def _fill(out: list[Any], manifest: Manifest, path: str, configs: list[dict[str, Any] | None]
          ) -> None:
    """Gives runs without a config what the others have whose plans leave the path alone, too."""
    alone = [not _touches(run.values, path) for run in manifest.runs]
    common = {json.dumps(value): value for value, config, one in
              zip(out, configs, alone, strict=True) if config is not None and one}
    if len(common) == 1:
        (value,) = common.values()
        for place, config in enumerate(configs):
            if config is None and alone[place]:
                out[place] = value


def _value(flat: dict[str, Any], path: str, config: dict[str, Any] | None) -> Any:
    if config is not None:
        value = _look_up(config, path)
        if value is not None:
            return value if not isinstance(value, dict) else json.dumps(value, sort_keys=True)
    short = flat.get(path.removesuffix(".type"))
    return flat.get(path, short if path.endswith(".type") else None)


def _name(path: str, paths: Iterable[str], reserved: set[str]) -> str:
    """The shortest tail of the path that no other path has and no variable is called."""
    keys = path.split(".")
    others = [other.split(".") for other in paths if other != path]
    for count in range(1, len(keys) + 1):
        tail = keys[-count:]
        name = re.sub(r"\W", "_", "_".join(tail))
        vague = tail[0] in _VAGUE or tail[0].isdigit()
        if not vague and name not in reserved and not any(o[-count:] == tail for o in others):
            return name
    name = re.sub(r"\W", "_", path)
    return name if name not in reserved else f"parameter_{name}"


def _array(values: list[Any]) -> np.ndarray:
    """bool, int or float where all values are, NaN for none; else texts, JSON for what is none.

    A bool that some runs do not have is a text too; labels are compared with what it stands for.
    """
    given = [v for v in values if v is not None]
    if given and all(isinstance(v, bool) for v in given) and len(given) == len(values):
        return np.array(values, dtype=bool)
    if given and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in given):
        if len(given) == len(values) and all(isinstance(v, int) for v in given):
            return np.array(values, dtype=np.int64)
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array(["" if v is None else v if isinstance(v, str) else json.dumps(v)
                     for v in values], dtype=np.str_)


def run_coordinates(manifest: Manifest, configs: list[dict[str, Any] | None],
                    reserved: set[str]) -> dict[str, xr.Variable]:
    """``run`` (id), ``row``, ``seed``, ``seed_set`` and a coordinate per swept parameter.

    ``attrs["path"]`` of a parameter is its key in the experiment's file.
    """
    runs = manifest.runs
    out = {
        "run": xr.Variable("run", np.array([run.id for run in runs], dtype=np.str_),
                           {"long_name": "run"}),
        "row": xr.Variable("run", np.array([run.row for run in runs], dtype=np.str_),
                           {"long_name": "arm"}),
        "seed": xr.Variable("run", np.array([run.seed for run in runs], dtype=np.int64),
                            {"long_name": "seed"}),
        "seed_set": xr.Variable("run", np.array([run.seed_set for run in runs], dtype=np.str_),
                                {"long_name": "seed set"}),
    }
    swept = swept_values(manifest, configs)
    taken = reserved | set(out)
    for path, values in swept.items():
        name = _name(path, swept, taken)
        taken.add(name)
        out[name] = xr.Variable("run", _array(values), {"long_name": path, "path": path})
    return out
