# SPDX-License-Identifier: Apache-2.0
"""One fresh small run for all tests of the Python package."""

import pathlib
import shutil
import subprocess

import pytest

import analysis_files
import tightrope

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENGINE = ROOT / "build" / "release" / "tightrope-engine"
READER = ROOT / "build" / "release" / "tightrope-reader"
# Two rules in two worlds, three seeds: small, and every axis has more than one entry.
RULES = {"dpo_random": "{type: dpo, beta: 0.3}, rft.expert: random",
         "cpo": "{type: cpo, beta: 0.3}, rft.expert: {type: concept_graph, propose: nearest}"}
ARMS = [f"{name}{world}: {{{weak}rft.optimizer: {rule}}}" for name, rule in RULES.items()
        for world, weak in (("", ""), ("_weak", "world.confounding: 0, "))]
SHORT = [
    "sweep={arms: {" + ", ".join(ARMS) + "}}",
    "seeds=0..2", "sft.steps=40", "sft.data.cases=400", "rft.steps=20", "rft.data.cases=320",
    "evaluate={every: 10, cases: 80}",
    "record={every: 10, probes: 3, tokens: top8, tokens_full: 2}",
    "tables=[{name: first, rows: arms, columns: [accuracy(target), 'accuracy(target, entangled)', "
    "kl_thinking(target), kl_answer], published: cpo_table5}]",
    "claims=[{name: pair, says: dpo_random < cpo, on: accuracy(target)}]",
]


def options(settings):
    return [text for setting in settings for text in ("--set", setting)]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    if not ENGINE.exists():
        pytest.skip(f"{ENGINE} is not built")
    out = tmp_path_factory.mktemp("run") / "small"
    subprocess.run([ENGINE, "run", ROOT / "experiments/configs/quickstart.yaml",
                    *options(SHORT), "--out", out], check=True, timeout=300, cwd=ROOT,
                   capture_output=True)
    return out


@pytest.fixture(scope="session")
def log(folder):
    return tightrope.open(folder)


@pytest.fixture(scope="session")
def analysed(folder, tmp_path_factory):
    """A copy of the run with the sibling files of an analysis."""
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("analysed") / "small")
    for number, pack in enumerate(sorted(copy.glob("packs/pack_????.h5"))):
        analysis_files.write(pack, number)
    return tightrope.open(copy)
