# SPDX-License-Identifier: Apache-2.0
"""The drift timeline holds the log's exact sizes."""

import shutil

import numpy as np
import pytest
import vl_convert

import tightrope


def rows(chart):
    """The lines of all data sets of a chart that have sizes."""
    return [row for data in chart.to_dict()["datasets"].values() for row in data if "size" in row]


def test_sizes_are_the_logs(log):
    chart = tightrope.plot.drift_timeline(log, "hellinger", row="cpo", seed=1)
    world = log.drift.sel(row="cpo", seed=1, stage="rft").isel(run=0).load()
    moved = 0
    for row in {tuple(sorted(r.items())) for r in rows(chart)}:
        row = dict(row)
        size = world.hellinger.sel(stream_time=row["time"], mechanism=row["mechanism"])
        assert row["size"] == float(size)
        moved += row["size"] > 0
    assert moved >= 2
    assert "<svg" in vl_convert.vegalite_to_svg(chart.to_dict())


def test_events_and_resting_mechanisms(log):
    spec = tightrope.plot.drift_timeline(log).to_dict()
    names = {row["factors"] for data in spec["datasets"].values() for row in data
             if "factors" in row}
    assert names == {"prior, confounding, lexical"}
    shown = {row["mechanism"] for row in rows(tightrope.plot.drift_timeline(log))}
    world = log.drift.sel(row="cpo", seed=1, stage="rft").isel(run=0)
    for name in world.mechanism.values.tolist():
        assert (name in shown) == bool(np.nanmax(world.kl.sel(mechanism=name).values) > 0)


def test_a_run_at_work_and_one_without_a_log(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    run = next(run for run in tightrope.open(copy).manifest.runs if run.row == "cpo")
    (copy / f"packs/{run.path[-1].pack}.h5").unlink()
    chart = tightrope.plot.drift_timeline(copy, row="cpo")
    assert {row["mechanism"] for row in rows(chart)} >= {"prior"}
    assert chart.to_dict()["title"]["subtitle"].endswith("so far, to the end of sft")
    (copy / f"packs/{run.path[0].pack}.h5").unlink()
    with pytest.raises(ValueError, match=f"the run cpo with seed {run.seed} has no log yet"):
        tightrope.plot.drift_timeline(copy, row="cpo")


def test_unknown_quantity_names_the_nearest(log):
    with pytest.raises(ValueError, match="hellinger"):
        tightrope.plot.drift_timeline(log, "helinger")
