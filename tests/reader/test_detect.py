# SPDX-License-Identifier: Apache-2.0
"""`tightrope detect` and `tightrope calibrate` as a user calls them."""

import json
import math
import pathlib
import subprocess

import h5py
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
READER = ROOT / "build" / "release" / "tightrope-reader"


@pytest.fixture(scope="module", autouse=True)
def reader():
    if not READER.exists():
        pytest.skip(f"{READER} is not built")


def call(*arguments, text=None):
    return subprocess.run([READER, *map(str, arguments)], input=text, capture_output=True,
                          text=True, timeout=120)


def detect(*arguments, text=None):
    result = call("detect", *arguments, text=text)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(*arguments, text=None, command="detect"):
    result = call(command, *arguments, text=text)
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)
    assert result.stdout == ""
    return result.stderr


def sine_with_steps():
    """sin(0.7 i), raised by 2 in [5000, 10000)."""
    return [math.sin(0.7 * i) + (2 if i >= 5000 else 0) for i in range(10000)]


def write(path, values, header="loss"):
    path.write_text("\n".join([header, *map(repr, values)]) + "\n")
    return path


def test_json_is_one_line_of_positions(tmp_path):
    out = detect("adwin", "--input", write(tmp_path / "x.csv", sine_with_steps()), "--json")
    assert out.count("\n") == 1
    assert json.loads(out) == {"drift": [5023], "warning": []}
    out = detect("adwin", "--input", tmp_path / "x.csv", "--json", "--set", "dialect=moa",
                 "--set", "reset_after_drift=false")
    assert json.loads(out) == {"drift": [5023, 5055], "warning": []}


def detectors():
    names = detect("--help").split("detectors: ")[1].split("\n")[0].split(", ")
    assert len(names) >= 20
    return names


def test_every_detector_takes_the_default_dialect(tmp_path):
    path = write(tmp_path / "x.csv", [float(i % 5 == 0 or i > 600) for i in range(1000)])
    noted = {}
    for name in detectors():
        plain = call("detect", name, "--input", path, "--json")
        asked = call("detect", name, "--input", path, "--json", "--set", "dialect=river")
        assert (asked.returncode, asked.stdout) == (0, plain.stdout), (name, asked.stderr)
        json.loads(asked.stdout)
        if asked.stderr:
            noted[name] = asked.stderr
    one_form = "{}: has no dialects; its one form is used\n"
    assert noted == {
        **{name: f"{name}: river has none; the paper's form is used\n"
           for name in ("stepd", "ecdd")},
        **{name: one_form.format(name) for name in (
            "betting", "bocpd", "conformal", "e_detector", "gma", "mmd", "rddm", "shewhart")}}
    last = detect("stepd", "--input", path, "--json", "--set", "dialect=moa", "--set",
                  "two_sided_test=true")
    assert last == detect("stepd", "--input", path, "--json", "--set", "dialect=river", "--set",
                          "dialect=moa", "--set", "two_sided_test=true")
    for wrong in ("gma", "stepd"):
        assert "dialect" in refused(wrong, "--input", path, "--set", "dialect=rivr")
    result = call("calibrate", "gma", "--arl0", 300, "--option", "threshold", "--runs", 50,
                  "--json", "--set", "dialect=river")
    assert result.stderr == one_form.format("gma") and json.loads(result.stdout)["value"] > 0


def test_people_read_a_line_an_alarm(tmp_path):
    out = detect("adwin", "--input", write(tmp_path / "x.csv", sine_with_steps())).splitlines()
    assert out[0].split() == ["position", "verdict", "direction", "statistic", "threshold",
                              "change"]
    position, verdict, direction, statistic, threshold, change = out[1].split()
    assert (position, verdict, direction) == ("5023", "drift", "up")
    assert float(statistic) > float(threshold)
    assert abs(int(change) - 5000) <= 32
    assert out[2:] == ["adwin: 10000 samples, 1 drift, 0 warnings"]


def test_a_pipe_a_table_and_hdf5_say_the_same(tmp_path):
    values = sine_with_steps()
    expected = {"drift": [5023], "warning": []}
    text = "".join(f"{v!r}\n" for v in values)
    assert json.loads(detect("adwin", "--input", "-", "--json", text=text)) == expected
    table = tmp_path / "t.csv"
    table.write_text("step;loss\n" + "".join(f"{i};{v!r}\n" for i, v in enumerate(values)))
    for column in ("loss", "1"):
        out = detect("adwin", "--input", table, "--column", column, "--json")
        assert json.loads(out) == expected
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["scalars/loss"] = np.array(values)
        file["scalars/losses"] = np.stack([np.zeros(10000), values]).astype("f4")
    one = detect("adwin", "--input", tmp_path / "t.h5", "--column", "scalars/loss", "--json")
    assert json.loads(one) == expected
    row = detect("adwin", "--input", tmp_path / "t.h5", "--column", "scalars/losses",
                 "--segment", 1, "--json")
    assert json.loads(row) == expected


def test_a_state_goes_on_where_it_was_saved(tmp_path):
    values = sine_with_steps()
    state = tmp_path / "state.json"
    for cut in (1, 4999, 5010, 5024):
        first = detect("adwin", "--input", write(tmp_path / "a.csv", values[:cut]), "--json",
                       "--save-state", state)
        second = detect("adwin", "--input", write(tmp_path / "b.csv", values[cut:]), "--json",
                        "--load-state", state)
        drifts = json.loads(first)["drift"] + json.loads(second)["drift"]
        assert drifts == [5023], cut
    text = refused("adwin", "--input", tmp_path / "b.csv", "--load-state", state,
                   "--set", "delta=0.01")
    assert '"delta":0.002' in text and '"delta":0.01' in text
    text = refused("adwin", "--input", tmp_path / "b.csv", "--load-state", tmp_path / "a.csv")
    assert "is not a state that --save-state wrote" in text
    saved = json.loads(state.read_text())
    saved["state"].pop()
    state.write_text(json.dumps(saved))
    assert "detector state" in refused("adwin", "--input", tmp_path / "b.csv", "--load-state",
                                       state)


def test_scores_against_the_truth(tmp_path):
    path = write(tmp_path / "x.csv", sine_with_steps())
    scored = ("adwin", "--input", path, "--truth", "5000", "--tolerance", 200)
    scores = json.loads(detect(*scored, "--json"))["scores"]
    assert scores["mtd"]["mean"] == 23
    assert scores["normalised_delay"] == 0.115
    assert scores["precision"] == scores["recall"] == scores["f1"] == 1
    assert scores["arl0"]["mean"] is None
    assert scores["arl0"]["at_least"] == pytest.approx((10000 - 201) / -math.log(0.05))
    assert "1 of 1 drifts detected" in detect(*scored)
    none = json.loads(detect("adwin", "--input", path, "--truth", "none", "--json"))["scores"]
    assert none["false_alarms"] == 1 and none["arl0"]["mean"] == 10000
    early = json.loads(detect("adwin", "--input", path, "--truth", "5030-5040", "--tolerance", 9,
                              "--early", 7, "--json"))["scores"]
    assert early["mtd"]["mean"] == -7


@pytest.mark.parametrize("arguments, message", [
    (["adwinn", "--input", "-"], 'unknown detector "adwinn"; did you mean "adwin"?'),
    (["adwin", "--input", "-", "--set", "dleta=1"], 'did you mean "delta"?'),
    (["adwin", "--input", "-", "--set", "delta=2"], "--set delta=2: delta: expected a number"),
    (["adwin", "--input", "-", "--set", "delta"], "--set delta: must be option=value"),
    (["adwin", "--input", "-", "--set", "type=ddm"], "named by the command's argument"),
    (["adwin"], "missing --input"),
    ([], "missing NAME"),
    (["adwin", "more", "--input", "-"], "detect: more words than it takes (NAME)"),
    (["adwin", "--inptu", "-"], "detect: unknown option --inptu; did you mean --input?"),
    (["adwin", "--input", "-", "--segment", "x"], "detect: --segment x: must be an integer"),
    (["adwin", "--input", "-", "--segment=1.5"], "detect: --segment 1.5: must be an integer"),
    (["adwin", "--input", "no.csv"], "no.csv: there is no such file"),
    (["adwin", "--input", "/"], "is a folder"),
    (["adwin", "--input", "-", "--segment", "1"], "--segment is for HDF5"),
    (["adwin", "--input", "-", "--truth", "5"], "needs --tolerance"),
    (["adwin", "--input", "-", "--tolerance", "5"], "--tolerance: needs --truth"),
    (["adwin", "--input", "-", "--truth", "5-x", "--tolerance", "1"], '"x" is not a position'),
    (["adwin", "--input", "-", "--truth", "9", "--tolerance", "1"], "stream of 3 samples"),
    (["adwin", "--input", "-", "--truth", "2,1", "--tolerance", "1"], "drifts ascend and lie"),
    (["adwin", "--input", "-", "--truth", "1", "--tolerance", "-1"], "-1: must be >= 0"),
])
def test_mistakes_are_named(arguments, message):
    assert message in refused(*arguments, text="1\n2\n3\n")


def test_bad_samples_are_named_with_their_line(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("loss\n# warm up\n1\nabc\n")
    assert refused("adwin", "--input", bad) == f'{bad}:4:1: "abc" is not a number\n'
    bad.write_text("1\nnan\n")
    assert f'{bad}:2:1: "nan" is not finite' in refused("adwin", "--input", bad)
    bad.write_text("1\n0.5\n7\n")
    assert refused("e_detector", "--input", bad).startswith(f"{bad}:3: e_detector input at "
                                                            "position 2 is 7:")
    bad.write_text("")
    assert "is empty" in refused("adwin", "--input", bad)
    bad.write_text("loss\n")
    assert "no sample" in refused("adwin", "--input", bad)


def test_hdf5_files_of_other_programs_are_read(tmp_path):
    path = tmp_path / "theirs.h5"
    with h5py.File(path, "w") as file:  # h5py's default is HDF5's old format
        file["a/loss"] = np.array(sine_with_steps())
        file["again"] = file["a/loss"]  # one array under two names
        file["a/circle"] = file["a"]
    assert json.loads(detect("adwin", "--input", path, "--column", "a/loss", "--json"))["drift"] \
        == [5023]
    assert "a/loss" in refused("adwin", "--input", path)
    assert 'did you mean "a/loss"?' in refused("adwin", "--input", path, "--column", "a/lost")
    assert "is a group" in refused("adwin", "--input", path, "--column", "a")


def test_help_names_detectors_and_options():
    assert "detectors: " in detect("--help") and "page_hinkley" in detect("--help")
    text = detect("adwin", "--help")
    assert "--set delta=0.002" in text and "a number in (0, 1)" in text


def test_calibrate_gives_the_wanted_run_length():
    arguments = ("calibrate", "page_hinkley", "--arl0", 300, "--option", "threshold", "--runs", 300)
    found = json.loads(call(*arguments, "--json").stdout)
    assert found["mean"]["low"] < 300 < found["mean"]["high"]
    assert found["q10"]["value"] < found["q50"]["value"] < found["q90"]["value"]
    assert found["censored"] == 0
    again = json.loads(call(*arguments, "--json", "--threads", 3).stdout)
    assert again == found
    median = json.loads(call(*arguments, "--target", "median", "--json").stdout)
    assert median["value"] > found["value"]  # the median lies below the mean
    assert median["q50"]["value"] == pytest.approx(300, rel=0.02)
    text = call(*arguments).stdout
    assert f"page_hinkley --set threshold={found['value']!r}" in text


def test_calibrate_on_a_file_resamples_it(tmp_path):
    path = write(tmp_path / "quiet.csv", [0.0] * 70 + [1.0] * 30)
    common = ("--arl0", 300, "--option", "threshold", "--runs", 400, "--json")
    found = json.loads(call("calibrate", "page_hinkley", *common, "--law", path).stdout)
    law = json.loads(call("calibrate", "page_hinkley", *common, "--law", "bernoulli:0.3").stdout)
    assert found["value"] == pytest.approx(law["value"], rel=0.1)


def test_calibrate_says_where_the_run_length_jumps():
    arguments = ("calibrate", "kswin", "--option", "alpha", "--runs", 50, "--arl0")
    found = json.loads(call(*arguments, 1000, "--json").stdout)
    assert found["below"]["length"] < 1000 < found["mean"]["value"]
    line = call(*arguments, 1000).stdout.splitlines()[-1]
    assert line.startswith("--arl0 1000 lies in a jump: the mean is ")
    assert line.endswith(f"at alpha={found['below']['value']!r}, the next value tried")
    reached = call("calibrate", "page_hinkley", "--option", "threshold", "--runs", 50, "--arl0",
                   300)
    assert "jump" not in reached.stdout


@pytest.mark.parametrize("arguments, message", [
    (["--arl0", "x", "--option", "threshold"], "calibrate: --arl0 x: must be a number"),
    (["--option", "threshold"], "missing --arl0"),
    (["--arl0", "300"], "missing --option"),
    (["--arl0", "300", "--option", "thresold"], 'did you mean "threshold"?'),
    (["--arl0", "300", "--option", "mode"], "not a number"),
    (["--arl0", "0", "--option", "threshold"], "--arl0 0: must be above 1"),
    (["--arl0", "300", "--option", "threshold", "--target", "mode"], "must be mean or median"),
    (["--arl0", "300", "--option", "threshold", "--law", "gamma"], "is neither normal"),
    (["--arl0", "300", "--option", "threshold", "--cap", "10"], "--cap 10: must be at least twice"),
    (["--arl0", "3", "--option", "threshold", "--runs", "20"], "out of reach"),
])
def test_calibrate_names_mistakes(arguments, message):
    assert message in refused("page_hinkley", *arguments, command="calibrate")
