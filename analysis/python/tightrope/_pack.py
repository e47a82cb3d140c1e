# SPDX-License-Identifier: Apache-2.0
"""One log file: what it holds and blocks of its numbers. A file is open only while it is read."""

from __future__ import annotations

import contextlib
import json
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

#: The newest schema version that this package reads.
SCHEMA_VERSION = 1

# A coordinate or a list of the segments with more entries is not one of ours.
_MOST_LABELS = 20_000_000

#: Groups that ``tightrope analyze`` writes into the sibling file of a pack.
ANALYSIS_GROUPS = ("ledger", "measures", "alarms")


def decode(values: np.ndarray) -> np.ndarray:
    """Texts as str objects, numbers as they are."""
    if values.dtype.kind not in "OS":
        return values
    flat = [v.decode() if isinstance(v, bytes) else str(v) for v in values.ravel()]
    out = np.empty(len(flat), dtype=object)
    out[:] = flat
    return out.reshape(values.shape)


@dataclass
class Variable:
    """Dims and attributes of a variable, the same in every file of a folder."""

    dims: tuple[str, ...]
    attrs: dict[str, Any]
    dtype: np.dtype


@dataclass
class Layout:
    """What one file holds of one group: shapes of its variables, values of its coordinates."""

    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    coordinates: dict[str, np.ndarray] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lane:
    """What a file says of one of its segments."""

    stage: str
    config: dict[str, Any]
    status: str


class DamagedLog(OSError):
    """A file that is no log, or not as the schema has it."""


@contextlib.contextmanager
def open_file(path: pathlib.Path) -> Iterator[h5py.File]:
    """The log for reading, also while it is written.

    Whatever is wrong in it is a DamagedLog with its path; a newer schema is a ValueError.
    """
    try:
        with h5py.File(path, "r", swmr=path.suffix == ".partial") as file:
            version = _plain(file.attrs.get("schema_version", SCHEMA_VERSION))
            if isinstance(version, int) and version > SCHEMA_VERSION:
                raise _NewerSchema(
                    f"{path} has schema version {version}; this package reads up to "
                    f"{SCHEMA_VERSION}: update tightrope")
            yield file
    except (_NewerSchema, DamagedLog):
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise DamagedLog(f"{path}: not a readable log ({error})") from error


class _NewerSchema(ValueError):
    pass


def whole(variable: h5py.Dataset) -> np.ndarray:
    """All values of a coordinate or of a variable of /meta; these are never large."""
    if variable.size is None or variable.size > _MOST_LABELS:
        raise ValueError(f"{variable.name} has {variable.size} values")
    return decode(variable[()])


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.size == 1:
        return _plain(value.ravel()[0])
    return value


def _is_marker(variable: h5py.Dataset) -> bool:
    """A dimension without coordinate, as netCDF-4 writes it."""
    return b"This is a netCDF dimension but not a netCDF variable" in bytes(
        variable.attrs.get("NAME", b""))


def describe(variable: h5py.Dataset) -> Variable:
    """Dims and attributes from the file; axes without a scale are called dim_0, dim_1, ..."""
    if "DIMENSION_LIST" in variable.attrs:
        dims = tuple(variable.file[refs[0]].name.rsplit("/", 1)[-1] if len(refs) else f"dim_{axis}"
                     for axis, refs in enumerate(variable.attrs["DIMENSION_LIST"]))
    elif variable.is_scale:
        dims = (variable.name.rsplit("/", 1)[-1],)
    else:
        dims = tuple(f"dim_{axis}" for axis in range(variable.ndim))
    keep = ("units", "long_name", "flag_values", "flag_meanings", "description")
    attrs = {key: _plain(variable.attrs[key]) for key in keep if key in variable.attrs}
    dtype = np.dtype(object) if variable.dtype.kind in "OS" else variable.dtype
    return Variable(dims, attrs, dtype)


class Pack:
    """The file ``packs/NAME.h5`` of a run folder, finished or not, and its analysis sibling."""

    def __init__(self, folder: pathlib.Path, name: str) -> None:
        self.base = folder / "packs" / name
        self._lanes: list[Lane] | None = None

    def path(self, group: str = "") -> pathlib.Path | None:
        """The file that holds the group now; None when there is none yet."""
        if group in ANALYSIS_GROUPS:
            sibling = self.base.with_name(self.base.name + ".analysis.h5")
            return sibling if sibling.exists() else None
        for suffix in (".h5", ".h5.partial"):
            path = self.base.with_name(self.base.name + suffix)
            if path.exists():
                return path
        return None

    def finished(self) -> bool:
        """Whether the log is whole."""
        return self.base.with_name(self.base.name + ".h5").exists()

    def analysed(self, group: str) -> bool:
        """Whether the group of the analysis is there and was made of the finished log."""
        path, log = self.path(group), self.path()
        if path is None or log is None or not self.finished():
            return False
        with open_file(log) as file:
            finished = _plain(file.attrs.get("finished_utc", ""))
        with open_file(path) as file:
            stamp = _plain(file.attrs.get("log_stamp", ""))
            return group in file and stamp == f"{log.stat().st_size} bytes, finished {finished}"

    def lanes(self) -> list[Lane]:
        """One entry per segment of the file; empty when there is no file."""
        if self._lanes is None:
            path = self.path()
            self._lanes = [] if path is None else self._read_lanes(path)
        return self._lanes

    @staticmethod
    def _read_lanes(path: pathlib.Path) -> list[Lane]:
        with open_file(path) as file:
            if "meta" not in file or "config" not in file["meta"]:
                return []
            stages = whole(file["meta/stage"])
            configs = whole(file["meta/config"])
            status = np.atleast_1d(np.asarray(file.attrs.get("segment_status", []), dtype=object))
            texts = list(decode(status))
            if len(texts) != len(stages):
                texts = ["partial"] * len(stages)
            if path.suffix == ".partial":
                texts = ["partial" if text == "done" or not text else text for text in texts]
            return [Lane(stage, json.loads(config), text or "partial")
                    for stage, config, text in zip(stages, configs, texts, strict=True)]

    def groups(self, analysis: bool) -> list[str]:
        """Names of the groups in the log, or in its analysis file."""
        path = self.path("ledger" if analysis else "")
        if path is None:
            return []
        with open_file(path) as file:
            return [name for name, item in file.items() if isinstance(item, h5py.Group)]

    def layout(self, group: str, known: dict[str, Variable]) -> Layout:
        """Shapes and coordinates of a group; variables not in ``known`` are described there."""
        path, out = self.path(group), Layout()
        if path is None:
            return out
        with open_file(path) as file:
            if group not in file:
                return out
            if group == "tokens_full" and "meta" in file:
                out.coordinates["vocab"] = whole(file["meta/token"])
            out.attrs = {k: _plain(v) for k, v in file[group].attrs.items() if k == "description"}
            for name, variable in file[group].items():
                if not isinstance(variable, h5py.Dataset) or _is_marker(variable):
                    continue
                if name not in known:
                    known[name] = describe(variable)
                if variable.ndim != len(known[name].dims):
                    raise ValueError(f"{variable.name} has {variable.ndim} axes, elsewhere "
                                     f"{len(known[name].dims)}")
                if known[name].dims == (name,):
                    out.coordinates[name] = whole(variable)
                else:
                    out.shapes[name] = tuple(variable.shape)
        _cut_to_shortest(out, known)
        return out

    def last_checkpoint(self) -> int:
        """Steps done at the last evaluation; -1 when there is none yet."""
        path = self.path()
        if path is None:
            return -1
        with open_file(path) as file:
            steps = file["evaluation/checkpoint"] if "evaluation/checkpoint" in file else []
            return int(steps[-1]) if len(steps) else -1

    def token_names(self) -> np.ndarray:
        """Names of the vocabulary in the order of the ids; empty when there is no file."""
        path = self.path()
        if path is None:
            return np.empty(0, dtype=object)
        with open_file(path) as file:
            return whole(file["meta/token"])

    def read(self, group: str, name: str, box: tuple[slice, ...]) -> np.ndarray:
        """A block of a variable."""
        path = self.path(group)
        if path is None:
            raise OSError(f"{self.base}.h5 is gone since the folder was opened")
        with open_file(path) as file:
            return decode(file[group][name][box])


def _cut_to_shortest(layout: Layout, known: dict[str, Variable]) -> None:
    """Variables of an axis may have unequal lengths while a file is written."""
    shortest: dict[str, int] = {name: len(v) for name, v in layout.coordinates.items()}
    for name, shape in layout.shapes.items():
        for dim, size in zip(known[name].dims, shape, strict=True):
            if dim != "segment":
                shortest[dim] = min(size, shortest.get(dim, size))
    for name, shape in layout.shapes.items():
        layout.shapes[name] = tuple(min(size, shortest.get(dim, size)) for dim, size in
                                    zip(known[name].dims, shape, strict=True))
    for name, values in layout.coordinates.items():
        layout.coordinates[name] = values[:shortest.get(name, len(values))]
