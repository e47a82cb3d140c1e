# SPDX-License-Identifier: Apache-2.0
"""Where the numbers come from: settings, machine, versions, logs, and how to make them again."""

from __future__ import annotations

import pathlib
import shlex
from typing import Any

import h5py
import numpy as np

from .._log import Log
from .._pack import open_file
from .._runs import final_status

_SHOWN = ("version", "revision", "device", "instruction_set", "threads", "hostname", "created_utc",
          "finished_utc", "config_hash", "schema_version")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return str(value.item() if isinstance(value, np.generic) else value)


def _attributes(file: h5py.File) -> dict[str, str]:
    return {name: _text(file.attrs[name]) for name in (*_SHOWN, "status") if name in file.attrs}


def logs_of(folder: pathlib.Path) -> list[dict[str, Any]]:
    """One entry per pack log, in order of their names."""
    out = []
    for path in sorted([*folder.glob("packs/*.h5"), *folder.glob("packs/*.h5.partial")]):
        if path.name.endswith((".analysis.h5", ".analysis.h5.partial")):
            continue
        with open_file(path) as file:
            attributes = _attributes(file)
            segments = len(file["meta/id"]) if "meta/id" in file else 0
        partial = path.suffix == ".partial"
        out.append({"name": path.name, "segments": segments, "attributes": attributes,
                    "size": f"{path.stat().st_size / 1e6:.1f}",
                    "status": "unfinished" if partial else attributes.get("status", ""),
                    "finished": "" if partial else attributes.get("finished_utc", "")})
    return out


def _one_value(logs: list[dict[str, Any]], name: str) -> str:
    values = [log["attributes"].get(name, "") for log in logs]
    if name == "created_utc":
        return min(values)
    if name == "finished_utc":
        return max(values)
    return ", ".join(dict.fromkeys(value for value in values if value))


def provenance(log: Log) -> dict[str, Any]:
    """Facts, the settings' text and the logs."""
    logs = logs_of(log.folder)
    facts = [(name.replace("_", " "), _one_value(logs, name)) for name in _SHOWN]
    facts = [("experiment", log.manifest.experiment), ("plan", log.manifest.hash),
             *((name, value) for name, value in facts if value)]
    config = log.folder / "config.yaml"
    return {"facts": facts, "logs": logs,
            "config": config.read_text(encoding="utf-8") if config.exists() else "not there"}


def command(log: Log) -> str:
    """The command that makes the same numbers: revision, settings, a new folder."""
    revision = _one_value(logs_of(log.folder), "revision")
    name = shlex.quote(log.manifest.experiment)
    lines = [f"./tightrope run config.yaml --out runs/{name}-again"]
    if revision and not revision.endswith("dirty") and "," not in revision:
        lines.insert(0, f"git checkout {shlex.quote(revision)}")
    return "\n".join(lines)


def head(log: Log, version: str, written: str) -> dict[str, Any]:
    """The page's first facts."""
    status = final_status(log.runs)
    done = int(np.isin(status, ("done", "diverged")).sum())
    diverged = int((status == "diverged").sum())
    seeds = {name: len(np.unique(log.runs.seed.values[log.runs.seed_set.values == name]))
             for name in dict.fromkeys(log.runs.seed_set.values.tolist())}
    facts = [("runs", f"{done} of {len(status)} done"), ("arms", len(log.manifest.rows)),
             ("seeds", ", ".join(f"{count} {name}" for name, count in seeds.items())),
             ("stages", ", ".join(str(name) for name in np.atleast_1d(log.runs.stage.values)))]
    warning = ""
    if done < len(status):
        warning = f"{len(status) - done} runs have not finished: their values are left out. "
    if diverged:
        warning += f"{diverged} runs diverged and count as missing."
    return {"experiment": log.manifest.experiment, "facts": facts, "warning": warning,
            "command": command(log), "version": version, "written": written}
