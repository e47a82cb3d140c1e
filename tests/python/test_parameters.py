# SPDX-License-Identifier: Apache-2.0
"""Parameters of a folder that is not finished, or whose values are of several kinds."""

import shutil

import numpy as np
import pytest
import xarray as xr

import tightrope
from tightrope._manifest import Manifest, Run
from tightrope._parameters import run_coordinates
from tightrope._run_index import with_run_index


def settings(world, policy, thinking=True):
    return {"world": world, "policy": policy, "stages": [{"name": "rft", "thinking": thinking}]}


PLAIN = settings({"type": "tables", "sites": 3}, {"type": "linear", "gate": False})
RULE = settings({"type": "concept", "sites": 3}, {"type": "slot", "gate": True})
RULED = {"world": {"type": "concept", "sites": 3}, "policy": {"type": "slot", "gate": True}}
ARMS = {"plain": ({}, PLAIN), "plain_silent": ({"rft.thinking": False}, {
            **PLAIN, "stages": [{"name": "rft", "thinking": False}]}),
        "rule": (RULED, RULE), "rule_silent": ({**RULED, "rft.thinking": False}, {
            **RULE, "stages": [{"name": "rft", "thinking": False}]})}


def coordinates(there):
    """Of four arms with two seeds, of which those named by (row, seed) have a log."""
    runs, configs = [], []
    for row, (values, config) in ARMS.items():
        for seed in (0, 1):
            runs.append(Run(f"{row}{seed}", row, "confirm", seed, values, ()))
            configs.append(config if there(row, seed) else None)
    manifest = Manifest("name", "hash", list(ARMS), runs=runs)
    return run_coordinates(manifest, configs, set())


@pytest.mark.parametrize("there", [
    lambda row, seed: seed == 0, lambda row, seed: row != "plain_silent",
    lambda row, seed: row != "rule", lambda row, seed: (row, seed) in (("plain", 0), ("rule", 1))])
def test_names_types_and_values_are_those_of_the_finished_folder(there):
    whole, part = coordinates(lambda row, seed: True), coordinates(there)
    assert list(part) == list(whole) and "sites" not in whole
    for name, variable in whole.items():
        assert part[name].dtype == variable.dtype, name
        np.testing.assert_array_equal(part[name].values, variable.values)
    assert whole["gate"].dtype == bool


def test_what_is_unknown_makes_no_difference():
    part = coordinates(lambda row, seed: row == "rule_silent")
    assert "sites" not in part and "gate" not in part  # of the plain arms
    part = coordinates(lambda row, seed: row.endswith("_silent"))
    assert "thinking" not in part  # none that thinks is there yet
    assert part["gate"].values.tolist() == [False] * 4 + [True] * 4


def test_a_folder_without_one_arm(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    whole = tightrope.open(folder).runs
    for pack in {run.path[-1].pack for run in tightrope.open(folder).manifest.runs
                 if run.row == "cpo"}:
        (copy / f"packs/{pack}.h5").unlink()
    part = tightrope.open(copy).runs
    assert list(part.coords) == list(whole.coords)
    for name in whole.coords:
        assert part[name].dtype == whole[name].dtype
    assert part.sel(row="cpo").confounding.values.tolist() == [2.5] * 3


@pytest.mark.parametrize("values", [
    [0.1, "auto", None], [True, None, False], [1, 2.5, None], [None, None, "x"], [1.0, "auto", 2],
    [True, "auto", 1]])
def test_every_value_selects_its_runs(values):
    manifest = Manifest("name", "hash", list("abc"), runs=[
        Run(name, name, "confirm", 0, {} if value is None else {"p": value}, ())
        for name, value in zip("abc", values, strict=True)])
    configs = [{} if value is None else {"p": value} for value in values]
    runs = with_run_index(xr.Dataset(coords=run_coordinates(manifest, configs, set())))
    for name, value in zip("abc", values, strict=True):
        rows = runs.sel(p=value).row.values.tolist()
        assert rows == [row for row, other in zip("abc", values, strict=True)
                        if other is value] and name in rows
    with pytest.raises(KeyError, match="no run has p=77"):
        runs.sel(p=77)
