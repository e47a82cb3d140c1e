# SPDX-License-Identifier: Apache-2.0
"""The groups that an analysis adds, read from the sibling files."""

import numpy as np
import pytest
import xarray as xr


def test_the_groups_are_there(analysed):
    assert list(analysed)[-2:] == ["ledger", "alarms"]
    assert analysed.ledger.kl.dims == ("run", "stage", "checkpoint", "environment", "probe",
                                       "position")
    assert analysed.ledger.net_sum.sel(stage="rft", part="thinking").dims == (
        "run", "interval", "environment")
    assert analysed.ledger.interval.values.tolist() == [10, 20, 30, 40]
    assert analysed.alarms.detector.values.tolist() == ["adwin", "page_hinkley"]
    assert analysed.alarms.time.dtype == np.int64 and analysed.alarms.kind.dtype == np.uint8


def test_the_numbers_are_the_siblings_numbers(analysed):
    for run in analysed.manifest.runs:
        for segment in run.path:
            path = analysed.folder / "packs" / f"{segment.pack}.analysis.h5"
            with xr.open_dataset(path, group="ledger", engine="h5netcdf") as data:
                theirs = data.beneficial.isel(segment=segment.lane).load()
            mine = analysed.ledger.beneficial.sel(run=run.id).isel(stage=segment.stage)
            np.testing.assert_array_equal(mine.sel(interval=theirs.interval), theirs)


def test_the_ledger_balances(analysed):
    """Beneficial - detrimental is what the KL to the oracle fell by, through the whole reader."""
    ledger = analysed.ledger.sel(stage="rft").tightrope.arm("cpo")
    fall = -ledger.kl.sel(checkpoint=[0, 10, 20]).diff("checkpoint").rename(checkpoint="interval")
    net = (ledger.beneficial - ledger.detrimental).sel(interval=[10, 20])
    np.testing.assert_allclose(net, fall, atol=1e-12)
    assert np.isfinite(net).sum() > 100


def test_an_unanalysed_pack_is_absent(analysed, tmp_path):
    import shutil

    import tightrope
    copy = shutil.copytree(analysed.folder, tmp_path / "copy")
    (copy / "packs/pack_0005.analysis.h5").unlink()
    part = tightrope.open(copy)
    rft = part.ledger.kl.sel(stage="rft", checkpoint=0).isel(environment=0, probe=0, position=0)
    assert rft.isnull().sum() == 3 and rft.notnull().sum() == 9
    shutil.rmtree(copy / "packs")
    with pytest.raises(OSError, match="is gone since the folder was opened"):
        part.ledger.kl.load()
