# SPDX-License-Identifier: Apache-2.0
"""A lazy array [run, (stage,) ...] over the logs of a folder.

xarray asks it for the cells that a user selected; it then reads those blocks, and each segment
once, however many runs share it. Own indexing instead of dask because the two ragged axes and the
sharing are all there is to it, and ``.chunk()`` still hands it to dask where that is installed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from xarray.backends import BackendArray
from xarray.core import indexing

from ._pack import Pack


def fill_of(dtype: np.dtype) -> Any:
    """What stands where a run has no value: NaN, -1, 0 for masks, an empty text."""
    if dtype.kind == "f":
        return np.nan
    if dtype.kind == "i":
        return -1
    return "" if dtype.kind == "O" else 0


@dataclass
class Part:
    """One file's share: ``axes[i][p]`` is its row for place p of the whole axis i, -1: none."""

    pack: Pack
    axes: list[np.ndarray]
    leading: bool  # has a segment dimension
    codes: np.ndarray | None = field(default=None)  # token ids of the file -> ids of the folder

    def take(self, group: str, name: str, lanes: np.ndarray,
             wanted: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """The block [lane, ...] of the wanted places, and which of those places it holds."""
        held = [np.flatnonzero(axis[places] >= 0)
                for axis, places in zip(self.axes, wanted, strict=True)]
        rows = [axis[places[keep]]
                for axis, places, keep in zip(self.axes, wanted, held, strict=True)]
        if self.leading:
            rows = [lanes, *rows]
        if any(len(row) == 0 for row in rows):
            return np.empty(0), held
        box = tuple(slice(int(row.min()), int(row.max()) + 1) for row in rows)
        block = self.pack.read(group, name, box)
        block = block[np.ix_(*(row - row.min() for row in rows))]
        if self.codes is not None:
            block = np.where(block >= 0, self.codes[np.maximum(block, 0)], block)
        return (block if self.leading else np.broadcast_to(block, (len(lanes), *block.shape)),
                held)


class StackedArray(BackendArray):
    """``cells[run, stage]`` (or ``cells[run]``): number of the segment in ``places``, -1: none.

    ``places[segment]`` is (pack name, lane); ``parts[pack name]`` says how that file maps.
    """

    def __init__(self, group: str, name: str, dtype: np.dtype, cells: np.ndarray,
                 places: list[tuple[str, int]], parts: dict[str, Part],
                 sizes: tuple[int, ...]) -> None:
        self.group, self.name, self.dtype = group, name, np.dtype(dtype)
        self.cells, self.places, self.parts = cells, places, parts
        self.shape = (*cells.shape, *sizes)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._outer)

    def _outer(self, key: tuple[Any, ...]) -> np.ndarray:
        picked = [np.atleast_1d(np.arange(size)[one])
                  for size, one in zip(self.shape, key, strict=True)]
        lead = self.cells.ndim
        cells = self.cells[np.ix_(*picked[:lead])]
        out = np.full((*cells.shape, *(len(p) for p in picked[lead:])), fill_of(self.dtype),
                      dtype=self.dtype)
        if out.size:
            self._fill(out, cells, picked[lead:])
        squeeze = tuple(axis for axis, one in enumerate(key) if isinstance(one, (int, np.integer)))
        return out.squeeze(axis=squeeze)

    def _fill(self, out: np.ndarray, cells: np.ndarray, wanted: list[np.ndarray]) -> None:
        by_pack: dict[str, list[int]] = {}
        for segment in np.unique(cells[cells >= 0]):
            by_pack.setdefault(self.places[segment][0], []).append(int(segment))
        for pack, segments in by_pack.items():
            if pack not in self.parts:
                continue
            lanes = np.array([self.places[segment][1] for segment in segments])
            block, held = self.parts[pack].take(self.group, self.name, lanes, wanted)
            if block.size == 0:
                continue
            for row, segment in enumerate(segments):
                for cell in zip(*np.nonzero(cells == segment), strict=True):
                    out[(*cell, *np.ix_(*held))] = block[row]
