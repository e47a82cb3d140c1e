# SPDX-License-Identifier: Apache-2.0
"""The frozen plan of a run folder, ``manifest.jsonl``: its runs and their paths of segments."""

from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Segment:
    """One stage of one seed and setting: a lane of one pack."""

    id: str
    parent: str
    stage: int
    pack: str
    lane: int


@dataclass(frozen=True)
class Run:
    """One point of the sweep with one seed. ``path``: its segments from the first stage on."""

    id: str
    row: str
    seed_set: str
    seed: int
    values: dict[str, Any]
    path: tuple[Segment, ...]


@dataclass
class Manifest:
    """Everything that the plan says."""

    experiment: str = ""
    hash: str = ""
    rows: list[str] = field(default_factory=list)
    environments: list[str] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, str]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


def _path_of(last: str, segments: dict[str, Segment]) -> tuple[Segment, ...]:
    out: list[Segment] = []
    while last:
        if last not in segments or len(out) > len(segments):
            raise ValueError(f'segment "{last}" is not in the manifest or is its own ancestor')
        out.append(segments[last])
        last = segments[last].parent
    return tuple(reversed(out))


def read_manifest(folder: pathlib.Path) -> Manifest:
    """Reads ``manifest.jsonl``. Raises ValueError with the file and line of a damaged one."""
    path = folder / "manifest.jsonl"
    out = Manifest()
    segments: dict[str, Segment] = {}
    runs: list[dict[str, Any]] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    done = 0
    try:
        for line in lines:
            done += 1
            item = json.loads(line)
            if item["kind"] == "experiment":
                out = Manifest(item["name"], item["hash"], item["rows"], item["environments"],
                               item["tables"], item["claims"])
            elif item["kind"] == "segment":
                segments[item["id"]] = Segment(
                    item["id"], item["parent"], item["stage"], item["pack"], item["lane"])
            elif item["kind"] == "run":
                runs.append(item)
        for item in runs:
            out.runs.append(Run(item["id"], item["row"], item["seed_set"], item["seed"],
                                item["values"], _path_of(item["id"], segments)))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}:{done}: damaged manifest: {error!r}") from error
    if not out.hash:
        raise ValueError(f"{path}: damaged manifest: it has no header line")
    return out
