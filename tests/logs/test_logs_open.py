# SPDX-License-Identifier: Apache-2.0
"""What a notebook does with a log: every group opens with xarray, named and with units."""

import pathlib
import subprocess

import h5py
import numpy as np
import pytest
import xarray

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENGINE = ROOT / "build" / "release" / "tightrope-engine"
GROUPS = ("meta", "scalars", "evaluation", "tokens", "tokens_full", "belief", "drift")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    if not ENGINE.exists():
        pytest.skip(f"{ENGINE} is not built")
    out = tmp_path_factory.mktemp("run") / "tiny"
    subprocess.run([ENGINE, "run", ROOT / "tests/experiments/tiny.yaml", "--out", out], check=True,
                   capture_output=True, timeout=120, cwd=ROOT)
    files = sorted(out.glob("**/pack_*.h5"))
    assert len(files) == 3  # two structures of fine-tuning and the SFT stage they share
    return files


def groups_of(path):
    with h5py.File(path) as file:
        return [name for name, item in file.items() if isinstance(item, h5py.Group)]


def test_every_group_opens_with_units_and_names(logs):
    for path in logs:
        assert set(GROUPS) <= set(groups_of(path))
        for group in groups_of(path):
            with xarray.open_dataset(path, group=group, engine="h5netcdf") as data:
                assert data.sizes
                for name, variable in data.data_vars.items():
                    assert variable.attrs.get("long_name"), f"{path.name} {group}/{name}"
                    assert not any(d.startswith("phony") for d in variable.dims), f"{group}/{name}"
                    if variable.dtype.kind == "f":
                        assert "units" in variable.attrs, f"{path.name} {group}/{name}"


def test_full_token_laws_are_normalised(logs):
    for path in logs:
        with xarray.open_dataset(path, group="tokens_full", engine="h5netcdf") as data:
            for name in ("policy", "reference", "oracle"):
                total = np.exp(data[name]).sum("vocab", skipna=False).values
                rows = total[~np.isnan(total)]  # ragged positions are NaN
                assert rows.size > 0
                np.testing.assert_allclose(rows, 1.0, atol=1e-6, err_msg=f"{path.name} {name}")
