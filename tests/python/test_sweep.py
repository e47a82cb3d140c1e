# SPDX-License-Identifier: Apache-2.0
"""A collected sweep.h5 gives the data sets of the folder it was made of."""

import json
import subprocess

import h5py
import numpy as np
import pytest
import xarray as xr

import tightrope
from tightrope import _engine

READER = _engine._BUILD.with_name("tightrope-reader")


def write_sweep(path, log):
    """As `tightrope collect` lays it out: run and stage before the axes of the packs."""
    runs = log.manifest.runs
    order = {"id": [r.id for r in runs], "row": [r.row for r in runs],
             "arm": [r.row for r in runs],
             "seed": [r.seed for r in runs], "seed_set": [r.seed_set for r in runs],
             "status": ["done"] * len(runs)}
    for key in dict.fromkeys(key for run in runs for key in run.values):
        values = [run.values.get(key) for run in runs]
        if all(value is None or isinstance(value, (int, float)) for value in values):
            order[key] = [np.nan if value is None else float(value) for value in values]
        else:
            order[key] = ["" if v is None else v if isinstance(v, str) else json.dumps(v)
                          for v in values]
    with h5py.File(path, "w") as file:
        file.attrs["experiment"], file.attrs["schema_version"] = log.manifest.experiment, 1
    for name, data in log.items():
        data = data.load().drop_vars([n for n, v in data.coords.items() if v.dims == ("run",)])
        data = data.drop_vars("vocab", errors="ignore")
        if name == "drift":
            data = data.isel(stage=-1, drop=True)
        if name == "meta":
            data = data.isel(stage=-1, drop=True)[["config"]].assign(
                segment=(("run", "stage"), log.meta.id.values),
                token_id=("token", np.arange(len(log.vocabulary)))).assign_coords(
                token=log.vocabulary, stage=log.runs.stage.values)
        data = data.assign_coords(run=np.arange(len(runs)))
        for key, values in order.items():
            data = data.assign_coords({key.replace(".", "_"): ("run", values, {"long_name": key})})
        data.to_netcdf(path, mode="a", group=name, engine="h5netcdf")


@pytest.fixture(scope="module")
def synthetic(log, tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "sweep.h5"
    write_sweep(path, log)
    return path


@pytest.fixture(scope="module")
def collected(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("collected") / "sweep.h5"
    if not READER.exists():
        pytest.skip(f"{READER} is not built")
    done = subprocess.run([READER, "collect", folder, "--out", path], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(params=["synthetic", "collected"])
def sweep(request):
    return request.getfixturevalue(request.param)


def test_the_same_data_sets(log, sweep):
    merged = tightrope.open(sweep)
    assert list(merged) == list(log)
    for name in list(log)[1:]:
        expected = log[name].isel(stage=-1, drop=True) if name == "drift" else log[name]
        for variable, values in expected.data_vars.items():
            mine = merged[name][variable]
            assert mine.dims == values.dims, f"{name}/{variable}"
            for dim in mine.dims:
                if dim in values.coords:
                    np.testing.assert_array_equal(mine[dim], values[dim])
            np.testing.assert_array_equal(mine.values, values.values, err_msg=variable)
    assert merged.runs.xindexes["row"].equals(log.runs.xindexes["row"])


def test_selection_and_pictures(log, sweep):
    merged = tightrope.open(sweep)
    one = merged.evaluation.accuracy.sel(row="cpo", seed=1, confounding=2.5, stage="rft")
    np.testing.assert_array_equal(
        one, log.evaluation.accuracy.sel(row="cpo", seed=1, stage="rft"))
    xr.testing.assert_allclose(merged.final().accuracy.drop_vars("run"),
                               log.final().accuracy.drop_vars("run"))
    assert tightrope.open(sweep, stage="rft").scalars.sizes["step"] == 20
    here = tightrope.plot.learning_curves(merged, "accuracy(target)").to_dict()["datasets"]
    there = tightrope.plot.learning_curves(log, "accuracy(target)").to_dict()["datasets"]
    assert here == there
    here = tightrope.plot.drift_timeline(merged, row="cpo").to_dict()["datasets"]
    assert here == tightrope.plot.drift_timeline(log, row="cpo").to_dict()["datasets"]
    with pytest.raises(ValueError, match="tables and claims stand in the plan"):
        tightrope.table(sweep)
    with pytest.raises(ValueError, match="is a file: a report is made of a run folder"):
        tightrope.report.page(sweep)


def test_a_file_that_is_none(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_group("data")
    with pytest.raises(ValueError, match="is not a collected sweep"):
        tightrope.open(tmp_path / "other.h5")
