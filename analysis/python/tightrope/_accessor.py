# SPDX-License-Identifier: Apache-2.0
"""``.tightrope`` on xarray objects: arms, stages, seeds and intervals.

Registered by xarray's own mechanism; importing tightrope is enough. Everything works on data sets
and on arrays, unless it says otherwise.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from ._errors import check_choice, listed
from ._run_index import RunIndex
from ._statistics import check_level, t_quantile

Data = TypeVar("Data", xr.Dataset, xr.DataArray)

#: Axes whose entries a stage may lack; ``stage()`` trims them.
_STAGE_AXES = ("step", "checkpoint", "interval", "stream_time")


class _Accessor(Generic[Data]):
    def __init__(self, data: Data) -> None:
        self._data = data

    def _need(self, *dims: str) -> None:
        for dim in dims:
            if dim not in self._data.dims:
                raise ValueError(f'there is no dimension "{dim}" here (there are: '
                                 f"{listed(self._data.dims)})")

    def arm(self, *names: str) -> Data:
        """The runs of these rows of the table, in this order.

        >>> sorted(set(log.scalars.tightrope.arm("cpo").row.values.tolist()))
        ['cpo']
        """
        rows = np.atleast_1d(self._data["row"].values)
        for name in names:
            check_choice("arm", name, dict.fromkeys(rows.tolist()))
        order = [place for name in names for place in np.flatnonzero(rows == name)]
        return self._data.isel({self._data["row"].dims[0]: order})

    def stage(self, name: str) -> Data:
        """One stage, its axes cut to the steps and checkpoints that it has.

        >>> log.evaluation.tightrope.stage("rft").checkpoint.values.tolist()
        [0, 10, 20]
        """
        self._need("stage")
        check_choice("stage", name, self._data.stage.values.tolist())
        out = self._data.sel(stage=name)
        for axis in _STAGE_AXES:
            if axis in out.dims:
                out = out.isel({axis: np.flatnonzero(_present(out, axis))})
        return out

    def by_seed(self) -> Data:
        """Dimensions ``row`` and ``seed`` instead of ``run``: what compares arms pair by pair.

        Swept parameters become coordinates of ``row``. ValueError when an arm has a seed twice,
        as with two seed sets: select one before.

        >>> paired = log.evaluation.accuracy.tightrope.by_seed()
        >>> (paired.sel(row="cpo") - paired.sel(row="dpo_random")).sizes["seed"]
        3
        """
        self._need("run")
        rows, seeds = self._data["row"].values, self._data["seed"].values
        arms, all_seeds = list(dict.fromkeys(rows.tolist())), np.unique(seeds)
        grid = np.full((len(arms), len(all_seeds)), -1)
        for place, (row, seed) in enumerate(zip(rows.tolist(), seeds, strict=True)):
            cell = arms.index(row), int(np.searchsorted(all_seeds, seed))
            if grid[cell] >= 0:
                raise ValueError(f'the arm "{row}" has the seed {seed} twice: select one of its '
                                 'runs first, for example .sel(seed_set="confirm")')
            grid[cell] = place
        along = [name for name, v in self._data.coords.items() if v.dims == ("run",)]
        picked = xr.DataArray(np.maximum(grid, 0), dims=("row", "seed"))
        out = self._data.drop_vars(along).isel(run=picked)
        if (grid < 0).any():
            out = out.where(xr.DataArray(grid >= 0, dims=("row", "seed")))
        first = grid.max(axis=1)
        out = out.assign_coords(row=np.array(arms), seed=all_seeds)
        swept = {name: ("row", self._data[name].values[first], self._data[name].attrs)
                 for name in along if name not in ("run", "row", "seed", "seed_set")}
        return out.assign_coords(swept)

    def to_dataframe(self) -> pd.DataFrame:
        """A long table with row, seed and parameters as columns, which xarray's own leaves out.

        >>> table = log.evaluation.accuracy.isel(stage=-1).tightrope.to_dataframe()
        >>> {"row", "seed", "confounding", "checkpoint", "accuracy"} <= set(table.columns)
        True
        """
        indexed = [name for name, index in self._data.xindexes.items()
                   if isinstance(index, RunIndex)]
        return self._data.drop_indexes(indexed).to_dataframe().reset_index()

    def mean_over_seeds(self) -> Data:
        """The mean over the seeds of each arm, with the dimension ``row``; absent seeds left out.

        >>> log.evaluation.tightrope.mean_over_seeds().accuracy.dims[0]
        'row'
        """
        data = self._data if "seed" in self._data.dims else self.by_seed()
        return data.mean("seed", keep_attrs=True)

    def difference(self, arm: str, other: str) -> Data:
        """``arm`` - ``other``, paired by seed, with the dimension ``seed``.

        >>> gain = log.evaluation.accuracy.tightrope.difference("cpo", "dpo_random")
        >>> "seed" in gain.dims and "row" not in gain.dims
        True
        """
        data = self._data if {"row", "seed"} <= set(self._data.dims) else self.by_seed()
        for name in (arm, other):
            check_choice("arm", name, data.row.values.tolist())
        return (data.sel(row=arm) - data.sel(row=other)).drop_vars("row", errors="ignore")


def _present(data: xr.Dataset | xr.DataArray, axis: str) -> np.ndarray:
    """Which entries of the axis hold a number, judged at one corner of the other axes."""
    there = np.zeros(data.sizes[axis], dtype=bool)
    arrays = data.data_vars.values() if isinstance(data, xr.Dataset) else [data]
    for array in arrays:
        if axis not in array.dims or array.dtype.kind != "f" or there.all():
            continue
        corner = array.isel({dim: 0 for dim in array.dims if dim not in ("run", axis)})
        there |= corner.notnull().any([dim for dim in corner.dims if dim != axis]).values
    return there if there.any() else ~there


@xr.register_dataarray_accessor("tightrope")
class ArrayAccessor(_Accessor[xr.DataArray]):
    """``array.tightrope``."""

    def interval(self, level: float = 0.95) -> xr.Dataset:
        """Means over seeds with two-sided t intervals: mean, low, high, half_width, deviation, n.

        mean -+ t_{(1+level)/2, n-1} deviation / sqrt(n); absent seeds are left out and show in n.

        >>> accuracy = log.evaluation.accuracy.sel(stage="rft", subset="all")
        >>> sorted(accuracy.tightrope.interval().data_vars)
        ['deviation', 'half_width', 'high', 'low', 'mean', 'n']
        """
        check_level(level)
        data = self._data if "seed" in self._data.dims else self.by_seed()
        axis = data.get_axis_num("seed")
        values = np.where(np.isfinite(data.values), data.values, np.nan).astype(np.float64)
        n = np.isfinite(values).sum(axis=axis)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nansum(values, axis=axis) / n
            squares = np.nansum((values - np.expand_dims(mean, axis)) ** 2, axis=axis)
            deviation = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
            quantile = {k: t_quantile((1 + level) / 2, k - 1) for k in np.unique(n) if k > 1}
            half = np.vectorize(lambda k: quantile.get(k, np.nan), otypes=[float])(n)
            half = half * deviation / np.sqrt(n)
        units = {"units": data.attrs.get("units", "1")}
        name = data.attrs.get("long_name", data.name or "value")
        like = data.isel(seed=0, drop=True)

        def variable(array: np.ndarray, what: str) -> xr.DataArray:
            return like.copy(data=array).assign_attrs({**units, "long_name": f"{what} of {name}"})

        return xr.Dataset({
            "mean": variable(mean, "mean"), "low": variable(mean - half, "lower end"),
            "high": variable(mean + half, "upper end"),
            "half_width": variable(half, "half width"),
            "deviation": variable(deviation, "standard deviation over seeds"),
            "n": variable(n, "number of seeds").assign_attrs(units="1")},
            attrs={"level": level})


@xr.register_dataset_accessor("tightrope")
class DatasetAccessor(_Accessor[xr.Dataset]):
    """``dataset.tightrope``."""

    def interval(self, level: float = 0.95) -> xr.Dataset:
        """Each floating variable's interval, with the dimension ``statistic``.

        >>> log.evaluation.tightrope.interval().accuracy.statistic.values.tolist()
        ['mean', 'low', 'high', 'half_width', 'deviation', 'n']
        """
        check_level(level)
        out = {name: ArrayAccessor(array).interval(level).to_dataarray("statistic").assign_attrs(
                   array.attrs)
               for name, array in self._data.data_vars.items()
               if array.dtype.kind == "f" and {"run", "seed"} & set(array.dims)}
        if not out:
            raise ValueError("no floating variable here has runs or seeds")
        return xr.Dataset(out, attrs={**self._data.attrs, "level": level})

    def column(self, text: str) -> xr.DataArray:
        """A column as tables name it, of ``log.evaluation``: ``accuracy(target, entangled)``.

        >>> log.evaluation.tightrope.column("accuracy(target)").dims
        ('run', 'stage', 'checkpoint')
        """
        from ._tables import column_values
        return column_values(self._data, text)
