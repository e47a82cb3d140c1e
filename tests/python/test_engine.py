# SPDX-License-Identifier: Apache-2.0
"""tightrope.run, and the examples in the documentation strings."""

import doctest
import importlib
import pkgutil
import re

import pytest

import tightrope
from tightrope import _engine


def modules():
    for info in pkgutil.walk_packages(tightrope.__path__, "tightrope."):
        yield info.name


@pytest.mark.parametrize("name", ["tightrope", *modules()])
def test_examples(name, folder, log):
    module = importlib.import_module(name)
    globs = {"tightrope": tightrope, "log": log, "folder": folder}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, extraglobs=globs):
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        said = []
        result = runner.run(test, out=said.append)
        assert result.failed == 0, "".join(said)


# What the small run of the tests calls otherwise than the page.
STAND_INS = {"runs/first": None, "cpo_structural": "cpo_weak", ', "sft"': ', "dpo_random"',
             "beta=slice(0.1, 1)": "confounding=slice(0, 3)", "probe=4": "probe=2"}


def test_the_page_runs(analysed):
    """Every block of docs/python.md, but for the phase diagram, which needs a grid."""
    page = (_engine._BUILD.parents[2] / "docs/python.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict = {}
    ran = 0
    for block in blocks:
        if "runs/grid" in block:
            continue
        for text, other in STAND_INS.items():
            block = block.replace(text, other or str(analysed.folder))
        exec(block, names)  # noqa: S102
        ran += 1
    assert ran >= 6 and names["log"].runs.sizes["run"] == 12


def test_there_are_examples():
    found = doctest.DocTestFinder().find(tightrope._accessor, extraglobs={})
    assert sum(len(test.examples) for test in found) >= 6


def test_run(folder, tmp_path):
    if not _engine._BUILD.exists():
        pytest.skip("the engine is not built")
    config = _engine._BUILD.parents[2] / "experiments/configs/quickstart.yaml"
    settings = {"sweep": {"arms": {"sft": {}}}, "seeds": "0..1", "sft.steps": 4, "rft.steps": 2,
                "sft.data.cases": 128, "rft.data.cases": 64, "claims": [], "tables": [],
                "evaluate": {"every": 2, "cases": 20}, "record.every": 2, "record.probes": 1}
    log = tightrope.run(config, tmp_path / "out", set=settings, timeout=120)
    assert log.runs.sizes["run"] == 2 and log.scalars.sizes["step"] == 4
    again = tightrope.run(config, tmp_path / "out", set=settings, resume=True, timeout=120)
    assert again.runs.equals(log.runs)
    with pytest.raises(RuntimeError, match=r"exit code 2:(.|\n)*polcy"):
        tightrope.run(config, tmp_path / "bad", set={"polcy": 1})
    with pytest.raises(FileNotFoundError, match="no experiment"):
        tightrope.run(tmp_path / "none.yaml", tmp_path / "bad")


def test_a_missing_engine(monkeypatch, folder, tmp_path):
    monkeypatch.setenv("TIGHTROPE_ENGINE", str(tmp_path / "engine"))
    with pytest.raises(FileNotFoundError, match="no engine at .*engine: build it"):
        tightrope.run(folder / "config.yaml", tmp_path / "out")
