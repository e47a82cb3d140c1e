# SPDX-License-Identifier: Apache-2.0
"""The groups that an analysis adds, read from the sibling files."""

import shutil
import subprocess

import numpy as np
import pytest
import vl_convert
import xarray as xr

import tightrope
from tightrope import _engine, plot


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
    copy = shutil.copytree(analysed.folder, tmp_path / "copy")
    (copy / "packs/pack_0005.analysis.h5").unlink()
    part = tightrope.open(copy)
    rft = part.ledger.kl.sel(stage="rft", checkpoint=0).isel(environment=0, probe=0, position=0)
    assert rft.isnull().sum() == 3 and rft.notnull().sum() == 9
    shutil.rmtree(copy / "packs")
    with pytest.raises(OSError, match="is gone since the folder was opened"):
        part.ledger.kl.load()


def test_the_command_writes_the_same(folder, analysed, tmp_path):
    """The reader's own analysis against the definitions in numpy."""
    reader = _engine._BUILD.with_name("tightrope-reader")
    if not reader.exists():
        pytest.skip(f"{reader} is not built")
    copy = shutil.copytree(folder, tmp_path / "copy")
    done = subprocess.run([reader, "analyze", copy], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    log = tightrope.open(copy)
    for name, mine in analysed.ledger.data_vars.items():
        np.testing.assert_allclose(log.ledger[name], mine, atol=1e-12, err_msg=name)
    pictures = [plot.ledger_waterfall(log, arm="cpo"), plot.alarm_raster(log, stage="sft"),
                plot.drift_heatmap(log, "position_drift_policy", arm="cpo")]
    for picture in pictures:
        assert vl_convert.vegalite_to_svg(picture.to_dict()).startswith("<svg")
