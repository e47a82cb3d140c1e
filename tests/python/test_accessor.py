# SPDX-License-Identifier: Apache-2.0
"""``.tightrope`` on data sets and arrays."""

import numpy as np
import pytest
import xarray as xr

import tightrope
from tightrope._run_index import with_run_index
from tightrope._statistics import mean_interval


@pytest.fixture
def values():
    """Two arms with seeds 3, 1, 2 and 1, 3: shuffled, one seed absent."""
    data = xr.Dataset(
        {"x": (("run", "time"), [[3.0, 30], [1, 10], [2, 20], [5, 50], [9, np.nan]],
               {"units": "nat", "long_name": "x"})},
        {"run": list("abcde"), "row": ("run", ["p", "p", "p", "q", "q"]),
         "seed": ("run", [3, 1, 2, 1, 3]), "seed_set": ("run", ["confirm"] * 5),
         "beta": ("run", [0.1] * 3 + [0.3] * 2, {"path": "rft.optimizer.beta"})})
    return with_run_index(data)


def test_by_seed_pairs(values):
    paired = values.x.tightrope.by_seed()
    assert paired.dims == ("row", "seed", "time") and paired.seed.values.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(paired[:, :, 0], [[1, 2, 3], [5, np.nan, 9]])
    assert paired.beta.dims == ("row",) and paired.beta.attrs["path"] == "rft.optimizer.beta"
    gain = values.tightrope.difference("q", "p")
    np.testing.assert_array_equal(gain.x, [[4, 40], [np.nan, np.nan], [6, np.nan]])
    np.testing.assert_array_equal(values.tightrope.mean_over_seeds().x, [[2, 20], [7, 50]])


def test_intervals_are_those_of_tables(values):
    out = values.x.tightrope.interval(0.9)
    for row in ("p", "q"):
        for time in (0, 1):
            expected = mean_interval(values.x.sel(row=row).isel(time=time).values, 0.9)
            cell = out.sel(row=row).isel(time=time)
            for name in ("n", "mean", "low", "high", "half_width", "deviation"):
                np.testing.assert_allclose(cell[name], getattr(expected, name), rtol=1e-14)
    assert out.attrs["level"] == 0.9 and out.half_width.attrs["units"] == "nat"
    every = values.tightrope.interval(0.9)
    np.testing.assert_array_equal(every.x.sel(statistic="low"), out.low)
    gain = values.x.tightrope.difference("q", "p").tightrope.interval()
    assert gain["mean"].values.tolist() == [5, 40] and gain.n.values.tolist() == [2, 1]


def test_arms_and_stages(log):
    two = log.evaluation.tightrope.arm("cpo", "dpo_random")
    assert two.row.values.tolist() == ["cpo"] * 3 + ["dpo_random"] * 3
    assert log.scalars.tightrope.stage("rft").sizes["step"] == 20
    assert log.scalars.loss.tightrope.stage("sft").sizes["step"] == 40
    assert log.tokens_full.tightrope.stage("rft").checkpoint.values.tolist() == [0, 10, 20]


def test_one_stage_of_a_log(folder, log):
    for cut in (log.sel(stage="rft"), tightrope.open(folder, stage="rft")):
        assert cut.evaluation.checkpoint.values.tolist() == [0, 10, 20]
        xr.testing.assert_equal(cut.final().accuracy.drop_vars("stage"), log.final().accuracy)
        trace = tightrope.plot.belief_trace(cut, row="cpo").to_dict()["datasets"]
        assert trace == tightrope.plot.belief_trace(log, row="cpo").to_dict()["datasets"]
    with pytest.raises(ValueError, match=r"its last stage, rft, which is not .*it has: sft"):
        log.sel(stage="sft").final()


def test_final_values_are_the_tables_values(folder, log):
    final = log.final()
    table = tightrope.table(folder)
    out = final.tightrope.column("accuracy(target, entangled)").tightrope.interval()
    for line in table[table.column == "accuracy(target, entangled)"].itertuples():
        cell = out.sel(row=line.arm)
        assert cell["mean"].item() == pytest.approx(line.mean, rel=1e-14)
        assert cell.half_width.item() == pytest.approx(line.half_width, rel=1e-14)


@pytest.mark.parametrize("call, message", [
    (lambda d: d.tightrope.arm("r"), r'unknown arm "r" \(allowed: p, q\)'),
    (lambda d: d.tightrope.difference("p", "Q"), 'unknown arm "Q"'),
    (lambda d: d.tightrope.stage("rft"), 'there is no dimension "stage"'),
    (lambda d: d.x.tightrope.interval(95), "level=95: a confidence level"),
    (lambda d: d.tightrope.column("x(target"), r'cannot read the column "x\(target"'),
    (lambda d: d.tightrope.column("y(target)"), r'unknown metric "y" \(allowed: x\)'),
    (lambda d: xr.concat([d, d], "run").tightrope.by_seed(), 'the arm "p" has the seed 3 twice'),
    (lambda d: d.tightrope.difference("p", "q").tightrope.difference("p", "q"),
     r'there is no dimension "run" here \(there are: seed')])
def test_wrong_arguments(values, call, message):
    with pytest.raises(ValueError, match=message):
        call(values)
