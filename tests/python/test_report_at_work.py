# SPDX-License-Identifier: Apache-2.0
"""The report of a run still at work: the page comes, and says what it leaves out."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import altair
import h5py
import pandas as pd
import pytest

import analysis_files
import tightrope
from tightrope import report
from tightrope.report import _chart

PACKAGE = pathlib.Path(tightrope.__file__).parents[1]


@pytest.fixture
def copy(analysed, tmp_path):
    return shutil.copytree(analysed.folder, tmp_path / "run")


def packs_of(folder, row):
    """The packs of the last stage of an arm."""
    runs = tightrope.open(folder).manifest.runs
    return sorted({run.path[-1].pack for run in runs if run.row == row})


def notes(page):
    return re.findall(r'<p class="note">([^<]*)</p>', page)


@pytest.mark.parametrize("gone", [".analysis.h5", ".*"])
def test_an_arm_without_its_files_is_a_note(copy, gone):
    for pack in packs_of(copy, "cpo"):
        for path in list(copy.glob(f"packs/{pack}{gone}")):
            path.unlink()
    page = report.page(copy, cases=0)
    assert any("cpo has no ledger yet in target, stage rft" in note for note in notes(page))
    assert page.count('aria-label="Ledger: ') == 3
    with pytest.raises(ValueError, match="cpo has no ledger yet"):
        tightrope.plot.ledger_waterfall(copy, arm="cpo")
    with pytest.raises(ValueError, match="no run of cpo has alarms yet in the stage rft"):
        tightrope.plot.alarm_raster(copy, arms=["cpo"])
    raster = tightrope.plot.alarm_raster(copy, arms=["cpo", "cpo_weak"]).to_dict()
    assert "3 runs without an analysis" in raster["title"]["subtitle"]
    lines = {row["line"] for data in raster["datasets"].values() for row in data if "line" in row}
    assert lines == {"cpo_weak · 0", "cpo_weak · 1", "cpo_weak · 2"}


def test_the_first_stage_alone(copy):
    first = {run.path[0].pack for run in tightrope.open(copy).manifest.runs}
    for path in copy.glob("packs/*"):
        if path.name.split(".")[0] not in first:
            path.unlink()
    page = report.page(copy, cases=1)
    said = notes(page)
    assert any("has no value in the stage rft" in note for note in said)
    assert any("has alarms yet in the stage rft" in note for note in said)
    drift = page[page.index('<section id="drift">'):page.index('<section id="provenance">')]
    assert "to the end of sft" in drift and "nan" not in drift
    assert "stands still" not in drift and 'aria-label="Drift along the stream"' in drift


def test_nine_detectors_are_eight_and_a_note(copy, monkeypatch):
    monkeypatch.setattr(analysis_files, "DETECTORS", [f"detector_{n}" for n in range(9)])
    for number, pack in enumerate(sorted(copy.glob("packs/pack_????.h5"))):
        analysis_files.write(pack, number)
    page = report.page(copy, cases=0)
    assert "The first 8 of 9 detectors are shown." in notes(page)
    assert 'aria-label="Alarms"' in page


def test_left_out_tables_and_arms_are_told(copy, monkeypatch):
    from tightrope.report import _figures
    monkeypatch.setattr(_figures, "_RASTER", 3)
    manifest = copy / "manifest.jsonl"
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    table = lines[0]["tables"][0]
    lines[0]["tables"] = [{**table, "name": f"table_{n}"} for n in range(7)]
    manifest.write_text("\n".join(map(json.dumps, lines)))
    page = report.page(copy, cases=0)
    assert "The first 6 of 7 tables are shown." in notes(page)
    assert "The first 3 of 4 arms are shown." in notes(page)


def test_a_file_is_refused(analysed):
    pack = next(analysed.folder.glob("packs/pack_????.h5"))
    with pytest.raises(ValueError, match="is a file: a report is made of a run folder"):
        report.page(pack)


def command(folder, reader):
    return subprocess.run([sys.executable, "-m", "tightrope.report", str(folder), "--cases", "0"],
                          capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(PACKAGE),
                               "TIGHTROPE_READER": str(reader)})


def test_a_partial_analysis_is_completed_and_a_whole_one_left(folder, tmp_path):
    reader = PACKAGE.parents[1] / "build" / "release" / "tightrope-reader"
    copy = shutil.copytree(folder, tmp_path / "run")
    subprocess.run([reader, "analyze", copy, "--detector", "adwin"], check=True, timeout=120,
                   capture_output=True)
    spy = tmp_path / "reader"
    spy.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexec {reader} "$@"\n')
    spy.chmod(0o755)
    assert command(copy, spy).returncode == 0
    assert not (tmp_path / "calls").exists()  # the user's choice of detectors is kept
    assert tightrope.open(copy).alarms.detector.values.tolist() == ["adwin"]
    lost = next(copy.glob(f"packs/{packs_of(copy, 'cpo')[0]}.analysis.h5"))
    lost.unlink()
    done = command(copy, spy)
    assert done.returncode == 0 and "logs have no ledger" in done.stderr, done.stderr
    assert lost.exists() and (tmp_path / "calls").read_text().split() == ["analyze", str(copy)]
    with h5py.File(lost, "r+") as file:  # as of an earlier state of the log
        file.attrs["log_stamp"] = "1 bytes, unfinished"
    assert "1 of " in command(copy, spy).stderr
    assert "called" not in command(copy, spy).stderr


def test_numbers_in_texts_stay_whole():
    data = pd.DataFrame({"arm": ["cpo, lr 0.0005", "lr (0.00125)"], "x": [1 / 3, 2]})
    chart = altair.Chart(data).mark_bar().encode(y="arm:N", x="x:Q").properties(title="0.0005")
    svg = str(_chart.render("title", chart).svg)
    assert {"cpo, lr 0.0005", "lr (0.00125)", "0.0005"} <= set(
        re.findall(r"<text[^>]*>([^<]*)", svg))
    assert "lr 0.0005" in re.search(r'aria-label="[^"]*cpo[^"]*"', svg)[0]
    places = re.findall(r'\b(?:d|transform|x2)="([^"]*)"', svg)
    assert places and not any(re.search(r"\.\d{3}", place) for place in places)
