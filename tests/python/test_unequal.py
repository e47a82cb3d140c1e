# SPDX-License-Identifier: Apache-2.0
"""Arms of unequal length, seeds without values, runs that diverged: each is shown as it is."""

import json
import shutil
import subprocess

import h5py
import numpy as np
import pytest

import tightrope
from conftest import ENGINE, ROOT, options
from tightrope import plot

SHORT, LONG = 10, 100


@pytest.fixture(scope="module")
def unequal(tmp_path_factory):
    """Twelve arms, the first with fewer steps and so another last checkpoint."""
    if not ENGINE.exists():
        pytest.skip(f"{ENGINE} is not built")
    arms = {"before": {"rft.steps": SHORT}} | {
        f"arm_with_a_long_name_{n:02}": {"rft.stepper.lr": 0.001 * (n + 1)} for n in range(11)}
    settings = [f"sweep={json.dumps({'arms': arms})}", "seeds=0..1", "sft.steps=20",
                "sft.data.cases=100", f"rft.steps={LONG}", "rft.data.cases=100",
                "evaluate={every: 50, cases: 20}", "claims=[]",
                "record={every: 50, probes: 2, tokens: top8, tokens_full: 1}"]
    out = tmp_path_factory.mktemp("unequal") / "run"
    subprocess.run([ENGINE, "run", ROOT / "experiments/configs/quickstart.yaml",
                    *options(settings), "--out", out], check=True, timeout=300, cwd=ROOT,
                   capture_output=True)
    return tightrope.open(out)


def rows(chart):
    return [row for data in chart.to_dict()["datasets"].values() for row in data]


def subtitle(chart):
    text = chart.to_dict()["title"]["subtitle"]
    return text if isinstance(text, str) else " ".join(text)


@pytest.mark.parametrize("row, end", [("before", SHORT), ("arm_with_a_long_name_03", LONG)])
def test_a_runs_own_last_checkpoint_is_shown(unequal, row, end):
    trace = plot.belief_trace(unequal, row=row)
    assert sum(one.get("law") == "policy" for one in rows(trace)) > 10
    assert f"after {end} steps of rft" in subtitle(trace)
    river = plot.token_river(unequal, row=row)
    assert f"after {end} steps of rft" in subtitle(river)
    for place in (0, 3):
        laws = [one["probability"] for one in rows(river) if one["position"] == place]
        assert sum(laws) == pytest.approx(2, abs=1e-6)  # policy and oracle
    flow = [one for one in rows(plot.token_river(unequal, row=row, position=1)) if "step" in one]
    assert {one["step"] for one in flow} == set(range(0, end + 1, 50)) | {end}
    step = plot.drift_heatmap(unequal, "step", arm=row)
    assert max(one["step"] for one in rows(step)) == end
    with pytest.raises(ValueError, match='unknown checkpoint "7"'):
        plot.belief_trace(unequal, row=row, checkpoint=7)


def test_curves_of_many_long_arms_stay_small(unequal):
    chart = plot.learning_curves(unequal, "loss")
    assert len({row["row"] for row in rows(chart)}) == 12
    assert len(json.dumps(chart.to_dict())) < 100_000


def test_the_end_of_a_run_is_never_another_checkpoint(unequal, log):
    whole = unequal.final().accuracy
    own = unequal.evaluation.accuracy.sel(stage="rft", row="before", checkpoint=SHORT)
    np.testing.assert_array_equal(whole.sel(row="before"), own)
    with pytest.raises(ValueError, match=r"ends at the checkpoint 10, .*it has: 0, 50, 100"):
        unequal.sel(checkpoint=[0, 50, 100]).final()
    ends = log.sel(checkpoint=20).final().accuracy
    np.testing.assert_array_equal(ends, log.final().accuracy)
    with pytest.raises(ValueError, match="ends at the checkpoint 20, which is not in this log"):
        log.sel(checkpoint=0).final()


@pytest.fixture
def copy(analysed, tmp_path):
    return shutil.copytree(analysed.folder, tmp_path / "run")


def blank(folder, row, group, *names, suffix=".h5"):
    """The first seed of an arm gets no values."""
    run = next(run for run in tightrope.open(folder).manifest.runs if run.row == row)
    with h5py.File(folder / "packs" / f"{run.path[-1].pack}{suffix}", "r+") as file:
        for name in names:
            file[f"{group}/{name}"][run.path[-1].lane] = np.nan


def test_seeds_without_values_are_not_counted(copy):
    blank(copy, "cpo", "ledger", "net_sum", "beneficial_sum", "detrimental_sum",
          suffix=".analysis.h5")
    blank(copy, "cpo", "tokens_full", "policy")
    blank(copy, "cpo", "evaluation", "accuracy")
    ledger, heat = plot.ledger_waterfall(copy, arm="cpo"), plot.drift_heatmap(copy, arm="cpo")
    assert "mean over 2 confirm seeds" in subtitle(ledger)
    assert "mean over 2 confirm seeds, 2 probes each" in subtitle(heat)
    assert "over 2 to 3 confirm seeds" in subtitle(plot.learning_curves(copy, "accuracy(target)"))
    one = plot.learning_curves(copy, "accuracy(target)", arms=["cpo_weak"])
    assert "over 3 confirm seeds" in subtitle(one)
    phase = plot.phase_diagram(copy, "confounding", "propose", column="accuracy(target)",
                               effect=({"optimizer_type": "cpo"}, {"optimizer_type": "dpo"}))
    assert "2 to 3 confirm seeds" in subtitle(phase)


def test_a_run_that_diverged_earlier_keeps_its_true_drift(copy):
    whole = plot.alarm_raster(copy, arms=["cpo"])
    run = next(run for run in tightrope.open(copy).manifest.runs if run.row == "cpo")
    with h5py.File(copy / "packs" / f"{run.path[0].pack}.h5", "r+") as file:
        file["scalars/loss"][:, 12:] = np.nan  # frozen at step 12 of 40
    for log in (tightrope.open(copy), tightrope.open(copy, stage="rft")):
        chart = plot.alarm_raster(log, arms=["cpo"])
        assert "dashed: true drift" in subtitle(chart)
        events = [{one["step"]: one["factor"] for one in rows(each) if "factor" in one}
                  for each in (chart, whole)]
        assert events[0] == events[1] == {20: "prior, confounding, lexical"}


def test_one_run_of_a_log(log):
    name = log.runs.run.values[4]
    one = log.sel(run=name)
    assert "1 (1 arms, 1 seeds)" in repr(one) and one.evaluation.sizes["run"] == 1
    chart = plot.learning_curves(one, "accuracy(target)")
    assert {row["row"] for row in rows(chart)} == {log.runs.row.values[4]}
    assert log.sel(run=[name, log.runs.run.values[0]]).belief.sizes["run"] == 2
    with pytest.raises(KeyError, match=f"no run has run={name[:-1]}x; did you mean"):
        log.sel(run=name[:-1] + "x")


def test_names_that_are_no_plain_text(copy):
    for pack in copy.glob("packs/pack_????.h5"):
        with h5py.File(pack, "r+") as file:
            names = [text.decode() for text in file["meta/token"][()]]
            file["meta/token"][:] = [f"{name}\u2028\n'\"\\" if name[0] in "+-" else name
                                     for name in names]
    import vl_convert
    svg = vl_convert.vegalite_to_svg(plot.belief_trace(copy, row="cpo").to_dict())
    assert "<svg" in svg
    svg = vl_convert.vegalite_to_svg(plot.token_river(copy, row="cpo").to_dict())
    assert "<svg" in svg
