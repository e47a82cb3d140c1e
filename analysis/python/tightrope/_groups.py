# SPDX-License-Identifier: Apache-2.0
"""One group of all logs of a folder as one lazy data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from xarray.core import indexing

from ._pack import Layout, Pack, Variable
from ._stacked import Part, StackedArray

# Variables whose numbers are token ids of their file's vocabulary.
_TOKEN_IDS = {("tokens", "token"), ("tokens", "target")}


@dataclass
class Plan:
    """Where the runs' segments lie: ``cells`` [run, stage] or [run] into ``places``."""

    packs: dict[str, Pack]
    places: list[tuple[str, int]]
    cells: np.ndarray
    dims: tuple[str, ...]
    coordinates: dict[str, xr.Variable]  # of the dimensions run and stage


def union(parts: list[np.ndarray]) -> np.ndarray:
    """Numbers sorted, texts in the order in which they are first met."""
    if parts[0].dtype.kind != "O":
        return np.unique(np.concatenate(parts))
    return np.array(list(dict.fromkeys(v for part in parts for v in part.tolist())),
                    dtype=np.str_)


def _place(all_values: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Per place of the whole axis the row of the file, -1 where it has none."""
    rows = {value: row for row, value in enumerate(own.tolist())}
    return np.array([rows.get(value, -1) for value in all_values.tolist()], dtype=np.int64)


class Group:
    """Joins the layouts of all packs of one group."""

    def __init__(self, name: str, plan: Plan) -> None:
        self.name, self.plan = name, plan
        self.known: dict[str, Variable] = {}
        used = {plan.places[cell][0] for cell in np.unique(plan.cells[plan.cells >= 0])}
        self.layouts = {pack: plan.packs[pack].layout(name, self.known)
                        for pack in plan.packs if pack in used}
        self.axes: dict[str, np.ndarray] = {}
        self.sizes: dict[str, int] = {}
        self._join_axes()

    def _join_axes(self) -> None:
        given: dict[str, list[np.ndarray]] = {}
        for layout in self.layouts.values():
            for dim, values in layout.coordinates.items():
                given.setdefault(dim, []).append(values)
            for name, shape in layout.shapes.items():
                for dim, size in zip(self.known[name].dims, shape, strict=True):
                    self.sizes[dim] = max(size, self.sizes.get(dim, 0))
        self.axes = {dim: union(parts) for dim, parts in given.items()}
        self.sizes.update({dim: len(values) for dim, values in self.axes.items()})

    def _axis(self, dim: str, layout: Layout, size: int) -> np.ndarray:
        if dim in self.axes and dim in layout.coordinates:
            own = layout.coordinates[dim][:size]
            if len(own) == size:
                return _place(self.axes[dim], own)
        places = np.arange(self.sizes[dim])
        return np.where(places < size, places, -1)

    def _codes(self, variable: str) -> dict[str, np.ndarray]:
        """Token ids of each file in the joint vocabulary; empty when all files agree."""
        if (self.name, variable) not in _TOKEN_IDS:
            return {}
        names = {pack: self.plan.packs[pack].token_names() for pack in self.layouts}
        names = {pack: values for pack, values in names.items() if len(values)}
        if not names:
            return {}
        joint = union(list(names.values()))
        if all(np.array_equal(joint, values) for values in names.values()):
            return {}
        at = {token: place for place, token in enumerate(joint.tolist())}
        return {pack: np.array([at[token] for token in values.tolist()])
                for pack, values in names.items()}

    def _variable(self, name: str) -> xr.Variable:
        known = self.known[name]
        dims = tuple(dim for dim in known.dims if dim != "segment")
        leading = known.dims[:1] == ("segment",)
        codes = self._codes(name)
        parts = {}
        for pack, layout in self.layouts.items():
            if name not in layout.shapes:
                continue
            sizes = layout.shapes[name][1 if leading else 0:]
            axes = [self._axis(dim, layout, size) for dim, size in zip(dims, sizes, strict=True)]
            parts[pack] = Part(self.plan.packs[pack], axes, leading, codes.get(pack))
        array = StackedArray(self.name, name, known.dtype, self.plan.cells, self.plan.places, parts,
                             tuple(self.sizes[dim] for dim in dims))
        return xr.Variable((*self.plan.dims, *dims), indexing.LazilyIndexedArray(array),
                           known.attrs)

    def dataset(self) -> xr.Dataset:
        """Variables [run, stage, ...]; an empty group gives an empty data set."""
        names = [name for name, known in self.known.items()
                 if known.dims != (name,) and known.dims != ("token",)
                 and name not in self.plan.coordinates]  # meta repeats row, stage and seed
        attrs = next((layout.attrs for layout in self.layouts.values() if layout.attrs), {})
        used = {dim for name in names for dim in self.known[name].dims}
        coordinates = dict(self.plan.coordinates)
        for dim, values in self.axes.items():
            if dim in used:
                about = self.known[dim].attrs if dim in self.known else {"long_name": "token"}
                coordinates[dim] = xr.Variable((dim,), values, about)
        return xr.Dataset({name: self._variable(name) for name in names}, coordinates, attrs)
