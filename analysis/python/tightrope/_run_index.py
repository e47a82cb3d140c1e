# SPDX-License-Identifier: Apache-2.0
"""The index of the dimension ``run``: selection by any parameter, alone or together.

``.sel(row="cpo", seed=[0, 1], beta=0.3)`` keeps the runs that match all of them. The dimension
stays, also when one run is left; only a single ``run=`` id drops it, and not from a whole ``Log``.
``run`` itself keeps xarray's own index: xarray cannot assign an array to a data set whose dimension
coordinate is one of several coordinates of an index.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from xarray.core.indexing import IndexSelResult

from ._errors import listed, nearest


def matches(name: str, values: np.ndarray, label: Any) -> np.ndarray:
    """Mask of the values that a label, a list of labels or an inclusive slice names."""
    if isinstance(label, slice):
        if values.dtype.kind not in "iuf" or label.step is not None:
            raise KeyError(f"a slice selects by numbers, without step; {name} cannot be sliced so")
        keep = np.ones(values.shape, dtype=bool)
        if label.start is not None:
            keep &= values >= label.start
        if label.stop is not None:
            keep &= values <= label.stop
        return keep
    wanted = np.atleast_1d(np.asarray(getattr(label, "values", label), dtype=object))
    keep = np.zeros(values.shape, dtype=bool)
    for one in wanted.ravel():
        same = np.array([_equal(value, one) for value in values], dtype=bool)
        if not same.any():
            known = list(dict.fromkeys(str(value) for value in values.tolist()))
            raise KeyError(f"no run has {name}={one}{nearest(one, known)} (there are: "
                           f"{listed(known)})")
        keep |= same
    return keep


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, (float, np.floating)) and np.isnan(wanted):
        return isinstance(value, (float, np.floating)) and bool(np.isnan(value))
    if wanted is None:
        return value == "" or _equal(value, np.nan)
    text = isinstance(value, (str, np.str_))
    if text and not isinstance(wanted, (str, np.str_)):  # of a parameter that is not always a text
        try:
            value = json.loads(value)
        except ValueError:
            return False
        return isinstance(value, bool) == isinstance(wanted, (bool, np.bool_)) and \
            bool(value == wanted)
    return text == isinstance(wanted, (str, np.str_)) and bool(value == wanted)


class RunIndex(xr.Index):
    """One index over all coordinates of the dimension ``run`` but ``run`` itself."""

    def __init__(self, values: dict[Hashable, np.ndarray], dim: Hashable,
                 attrs: dict[Hashable, dict[str, Any]] | None = None) -> None:
        self.values, self.dim, self.attrs = values, dim, attrs or {}

    @classmethod
    def from_variables(cls, variables: Mapping[Any, xr.Variable], *,
                       options: Mapping[str, Any]) -> RunIndex:
        """All variables must be one-dimensional, along the same dimension."""
        dims = {variable.dims for variable in variables.values()}
        if len(dims) != 1 or len(next(iter(dims))) != 1:
            raise ValueError(f"a RunIndex needs coordinates of one dimension, not {dims}")
        return cls({name: np.asarray(v.values) for name, v in variables.items()},
                   next(iter(dims))[0], {name: dict(v.attrs) for name, v in variables.items()})

    @classmethod
    def concat(cls, indexes: Sequence[RunIndex], dim: Hashable,
               positions: Any = None) -> RunIndex:
        """The runs of one after the runs of the other."""
        first = indexes[0]
        if any(set(other.values) != set(first.values) for other in indexes):
            raise ValueError("runs with different parameters cannot be put behind each other")
        return cls({name: np.concatenate([other.values[name] for other in indexes])
                    for name in first.values}, dim, first.attrs)

    def create_variables(self, variables: Mapping[Any, xr.Variable] | None = None
                         ) -> dict[Hashable, xr.Variable]:
        return {name: xr.Variable((self.dim,), values, self.attrs.get(name))
                for name, values in self.values.items()}

    def to_pandas_index(self) -> pd.Index:
        name = next(iter(self.values))
        return pd.Index(self.values[name], name=name)

    def isel(self, indexers: Mapping[Any, Any]) -> RunIndex | None:
        rows = indexers[self.dim]
        if isinstance(rows, xr.Variable):
            if rows.dims != (self.dim,):
                return None
            rows = rows.values
        if not isinstance(rows, slice) and np.ndim(rows) == 0:
            return None
        return RunIndex({name: v[rows] for name, v in self.values.items()}, self.dim, self.attrs)

    def sel(self, labels: dict[Any, Any], method: str | None = None,
            tolerance: Any = None) -> IndexSelResult:
        if method is not None:
            raise ValueError(f"method={method!r} has no meaning for runs: name the values")
        size = len(next(iter(self.values.values())))
        keep = np.ones(size, dtype=bool)
        for name, label in labels.items():
            keep &= matches(str(name), self.values[name], label)
        if not keep.any():
            raise KeyError("no run has " + " and ".join(f"{k}={v}" for k, v in labels.items()))
        return IndexSelResult({self.dim: np.flatnonzero(keep)})

    def equals(self, other: xr.Index, *, exclude: frozenset[Hashable] | None = None) -> bool:
        if not isinstance(other, RunIndex) or set(self.values) != set(other.values):
            return False
        return all(np.array_equal(v, other.values[name], equal_nan=v.dtype.kind == "f")
                   for name, v in self.values.items())

    def join(self, other: xr.Index, how: str = "inner") -> RunIndex:
        raise ValueError(
            "these arrays hold different runs. Pair them by seed first: "
            'paired = values.tightrope.by_seed(); paired.sel(row="a") - paired.sel(row="b")')

    def rename(self, name_dict: Mapping[Any, Hashable],
               dims_dict: Mapping[Any, Hashable]) -> RunIndex:
        return RunIndex({name_dict.get(k, k): v for k, v in self.values.items()},
                        dims_dict.get(self.dim, self.dim),
                        {name_dict.get(k, k): v for k, v in self.attrs.items()})

    def _repr_inline_(self, max_width: int) -> str:
        return f"RunIndex({len(next(iter(self.values.values())))} runs)"


def with_run_index(data: xr.Dataset, dim: str = "run") -> xr.Dataset:
    """The data set whose coordinates along ``dim`` share a RunIndex."""
    names = [name for name, v in data.coords.items() if v.dims == (dim,) and name != dim]
    return data.set_xindex(names, RunIndex)
