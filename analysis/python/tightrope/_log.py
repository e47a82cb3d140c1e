# SPDX-License-Identifier: Apache-2.0
"""``tightrope.open``: a run folder as lazy xarray data sets."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ._errors import check_choice, listed, nearest
from ._groups import Group, Plan, union
from ._manifest import Manifest, read_manifest
from ._pack import ANALYSIS_GROUPS, Pack
from ._run_index import matches, with_run_index
from ._runs import run_table, stage_names

if TYPE_CHECKING:
    import pandas as pd

#: Groups of a log, in the order in which they are listed.
LOG_GROUPS = ("meta", "scalars", "evaluation", "tokens", "tokens_full", "belief", "drift")


class Log(Mapping[str, xr.Dataset]):
    """The groups of a run folder, each a lazy data set with the dimensions ``run`` and ``stage``.

    A group is an attribute and an item: ``log.evaluation`` is ``log["evaluation"]``. Nothing is
    read before it is asked for, and a stage that several runs share is stored and read once.
    """

    def __init__(self, folder: pathlib.Path, names: tuple[str, ...],
                 load: Callable[[str], xr.Dataset], manifest: Manifest,
                 runs: xr.Dataset, vocabulary: Callable[[], np.ndarray]) -> None:
        self.folder, self.manifest = folder, manifest
        self._names, self._load, self._runs = names, load, runs
        self._vocabulary = vocabulary
        self._made: dict[str, xr.Dataset] = {}

    def __getitem__(self, name: str) -> xr.Dataset:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(self._no_group(name))
            self._made[name] = self._load(name)
        return self._made[name]

    def __getattr__(self, name: str) -> xr.Dataset:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._names:
            raise AttributeError(self._no_group(name))
        return self[name]

    def _no_group(self, name: str) -> str:
        text = f'{self.folder} has no group "{name}"'
        if name in ANALYSIS_GROUPS:
            return f"{text}: write it with `tightrope analyze {self.folder}`"
        if name in ("tokens", "tokens_full", "belief"):
            return f"{text}: its experiment records no probes (`record: {{probes: 8}}`)"
        return f"{text}{nearest(name, self._names)} (there are: {listed(self._names)})"

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names]

    @property
    def runs(self) -> xr.Dataset:
        """The runs alone: their coordinates and, per stage, the state of their segment."""
        return self._runs

    @property
    def vocabulary(self) -> np.ndarray:
        """Names of the tokens; ids in ``tokens`` count into it."""
        return self._vocabulary()

    def sel(self, **labels: Any) -> Log:
        """Every group, cut by ``Dataset.sel``; labels that a group does not have leave it whole.

        A single ``stage`` also cuts the axes to the steps that it has. The dimension ``run`` stays,
        also for a single ``run``. KeyError for a label that no run has.

        >>> log.sel(row="cpo", seed=[0, 1]).evaluation  # doctest: +SKIP
        """
        for name in labels:
            if name not in self._runs.coords:
                check_choice("coordinate", name, self._selectable())
        if "run" in labels and not isinstance(labels["run"], slice):
            labels["run"] = np.atleast_1d(labels["run"]).tolist()
            matches("run", self._runs.run.values, labels["run"])  # its error names the nearest
        mine = {k: v for k, v in labels.items() if k in self._runs.coords}

        def load(name: str) -> xr.Dataset:
            data = self[name]
            cut = {k: v for k, v in labels.items() if k in data.xindexes}
            if isinstance(cut.get("stage"), str):
                data = data.tightrope.stage(cut.pop("stage"))
            return data.sel(cut)

        return Log(self.folder, self._names, load, self.manifest, self._runs.sel(mine),
                   self._vocabulary)

    def _selectable(self) -> list[str]:
        return sorted({str(index) for group in self._names for index in self[group].xindexes})

    def final(self) -> xr.Dataset:
        """The evaluation at the end of each run, as tables have it: its last stage's last
        checkpoint, with the dimension ``run``. An unfinished run has none.

        >>> log.final().accuracy.dims
        ('run', 'environment', 'subset')
        """
        from ._tables import final_values
        return final_values(self)

    def table(self, name: str | None = None, seed_set: str | None = None) -> pd.DataFrame:
        """``tightrope.table`` of this folder."""
        from ._tables import table
        return table(self.folder, name, seed_set)

    def claims(self) -> pd.DataFrame:
        """``tightrope.claims`` of this folder."""
        from ._tables import claims
        return claims(self.folder)

    def to_datatree(self) -> xr.DataTree:
        """The groups as a DataTree, for code that walks trees."""
        return xr.DataTree.from_dict({f"/{name}": self[name] for name in self._names})

    def __repr__(self) -> str:
        runs = self._runs
        counts = [f"{len(np.unique(runs[name]))} {word}" for name, word in
                  (("row", "arms"), ("seed", "seeds")) if name in runs.coords]
        swept = [name for name, v in runs.coords.items() if "path" in v.attrs]
        lines = [f"<tightrope.Log {self.manifest.experiment} in {self.folder}>",
                 f"runs:       {runs.sizes['run']} ({', '.join(counts)})"]
        if "stage" in runs.coords:
            lines.append(f"stages:     {listed(np.atleast_1d(runs.stage.values))}")
        if swept:
            lines.append(f"parameters: {listed(swept)}")
        lines.append(f"groups:     {', '.join(self._names)}")
        return "\n".join(lines)


def _missing(path: pathlib.Path) -> FileNotFoundError:
    parent = path.parent
    near = nearest(path.name, sorted(p.name for p in parent.iterdir() if p.is_dir())) \
        if parent.is_dir() else f"; {parent} does not exist either"
    return FileNotFoundError(f"there is no run folder {path}{near}")


def _check_folder(path: pathlib.Path) -> None:
    if not path.exists():
        raise _missing(path)
    if path.is_file():
        home = path.parent.parent if path.parent.name == "packs" else path.parent
        raise ValueError(f"{path} is a file: open its run folder, tightrope.open({str(home)!r}), "
                         "or a sweep.h5 that `tightrope collect` made of it")
    if not (path / "manifest.jsonl").exists():
        inside = sorted(p.parent.name for p in path.glob("*/manifest.jsonl"))
        hint = f"; run folders in it: {listed(inside)}" if inside else \
            " (a run folder is what `tightrope run ... --out FOLDER` writes)"
        raise ValueError(f"{path} is not a run folder: it has no manifest.jsonl{hint}")


def _packs_of(folder: pathlib.Path, manifest: Manifest) -> dict[str, Pack]:
    names = dict.fromkeys(segment.pack for run in manifest.runs for segment in run.path)
    packs = {name: Pack(folder, name) for name in sorted(names)}
    if not any(pack.path() for pack in packs.values()):
        raise ValueError(f"{folder} has a plan but no log yet: start or continue it with "
                         f"`tightrope run {folder / 'config.yaml'} --out {folder} --resume`")
    return packs


def _names_of(packs: dict[str, Pack]) -> tuple[str, ...]:
    found: set[str] = set()
    logged = [pack for pack in packs.values() if pack.path()]
    found.update(logged[0].groups(analysis=False))
    analysed = [pack for pack in packs.values() if pack.path("ledger")]
    if analysed:
        found.update(analysed[0].groups(analysis=True))
    order = [*LOG_GROUPS, *ANALYSIS_GROUPS]
    return tuple(name for name in order if name in found) + tuple(sorted(found - set(order)))


def _reserved(packs: dict[str, Pack], names: tuple[str, ...]) -> set[str]:
    """Names that a parameter must not take: variables and dimensions of the groups."""
    out = {"stage", "status", "parameters", "statistic", "vocab"}
    for name in names:
        for pack in packs.values():
            if pack.path(name):
                known: dict[str, Any] = {}
                pack.layout(name, known)
                out |= set(known) | {dim for variable in known.values() for dim in variable.dims}
                break
    return out


def _plan(manifest: Manifest, packs: dict[str, Pack], runs: xr.Dataset, depth: int) -> Plan:
    numbers: dict[str, int] = {}
    places: list[tuple[str, int]] = []
    cells = np.full((len(manifest.runs), depth), -1, dtype=np.int64)
    for row, run in enumerate(manifest.runs):
        for segment in run.path:
            if segment.lane >= len(packs[segment.pack].lanes()):
                continue  # not started: an absent value
            if segment.id not in numbers:
                numbers[segment.id] = len(places)
                places.append((segment.pack, segment.lane))
            cells[row, segment.stage] = numbers[segment.id]
    coordinates = {str(name): v.variable for name, v in runs.coords.items()}
    return Plan(packs, places, cells, ("run", "stage"), coordinates)


def open(path: str | os.PathLike[str], *, stage: str | None = None) -> Log:
    """Opens a run folder, or a ``sweep.h5`` that ``tightrope collect`` made of it.

    ``stage``: one stage alone. Its data sets then have no dimension ``stage`` and their axes hold
    the steps and checkpoints of that stage only. Runs whose log is missing or unfinished hold
    absent values (NaN, -1, an empty text); ``log.runs.status`` says which.

    >>> log = tightrope.open(folder)
    >>> log.evaluation.accuracy.dims
    ('run', 'stage', 'checkpoint', 'environment', 'subset')
    >>> log.evaluation.accuracy.sel(row="cpo", stage="rft", subset="all").sizes["run"]
    3

    Raises FileNotFoundError for a missing folder, ValueError for one that is not a run folder, is
    damaged or holds no log yet, OSError for an unreadable log.
    """
    folder = pathlib.Path(path)
    if folder.is_file() and folder.suffix == ".h5" and folder.parent.name != "packs":
        from ._sweep import open_sweep
        return open_sweep(folder, stage)
    _check_folder(folder)
    manifest = read_manifest(folder)
    if not manifest.runs:
        raise ValueError(f"{folder}: its plan has no run")
    packs = _packs_of(folder, manifest)
    names = _names_of(packs)
    stages = stage_names(manifest, packs)
    runs = run_table(manifest, packs, stages, _reserved(packs, names))
    plan = _plan(manifest, packs, runs, len(stages))
    if stage is not None:
        check_choice("stage", stage, stages)
        runs = runs.sel(stage=stage)
        plan = Plan(packs, plan.places, plan.cells[:, stages.index(stage)], ("run",),
                    {str(name): v.variable for name, v in runs.coords.items()})

    def load(name: str) -> xr.Dataset:
        return with_run_index(Group(name, plan).dataset())

    def vocabulary() -> np.ndarray:
        lists = [names for pack in packs.values() if len(names := pack.token_names())]
        return union(lists) if lists else np.empty(0, dtype=np.str_)

    return Log(folder, names, load, manifest, runs, vocabulary)
