# SPDX-License-Identifier: Apache-2.0
"""The tools that keep the documents true, and the YAML shown in them."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENGINE = ROOT / "build/release/tightrope-engine"
sys.path.insert(0, str(ROOT / "tools"))

import check_docs  # noqa: E402
import refresh_reproduction  # noqa: E402


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "code.cc").write_text("int x;\n")
    (tmp_path / "page.md").write_text("# P\n```cpp file=code.cc\nint x;\n```\n[c](code.cc)\n")
    return tmp_path


def problems_of(root, update=False):
    problems = []
    for page in check_docs.documents(root):
        check_docs.check_blocks(root, page, update, problems)
        check_docs.check_links(root, page, problems)
    return problems


def test_a_true_page_has_no_problem(tree):
    assert problems_of(tree) == []


def test_a_changed_file_is_seen_and_updated(tree):
    (tree / "code.cc").write_text("int y;\n")
    assert problems_of(tree)[0].startswith("page.md:2: the block is not code.cc any more")
    problems_of(tree, update=True)
    assert problems_of(tree) == []
    assert "int y;\n```\n" in (tree / "page.md").read_text()


def test_a_missing_file_and_a_dead_link_are_seen(tree):
    (tree / "code.cc").unlink()
    assert problems_of(tree) == ["page.md:2: there is no file code.cc",
                                 "page.md:5: code.cc does not exist"]


def test_a_test_that_is_not_there_is_seen(tree):
    (tree / "docs").mkdir()
    (tree / "tests/a").mkdir(parents=True)
    (tree / "docs/ppo.md").write_text("| 1 | x | `Suite.Here` |\n| 2 | y | `Suite.Gone` |\n")
    (tree / "tests/a/one_test.cc").write_text("TEST_P(Suite, Here) {}\n")
    problems = []
    check_docs.check_tests(tree, problems)
    assert problems == ["docs/ppo.md:2: there is no test Suite.Gone"]


def test_refreshing_replaces_marked_parts_only():
    text = "a\n<!-- begin t -->\nold\n<!-- end -->\nb\n"
    new = refresh_reproduction.refreshed(text, {"t": "new\n"})
    assert new == "a\n<!-- begin t -->\nnew\n<!-- end -->\nb\n"
    with pytest.raises(SystemExit, match="the run has no table t"):
        refresh_reproduction.refreshed(text, {})


@pytest.mark.skipif(not ENGINE.is_file(), reason="the engine is not built")
def test_the_first_experiment_of_the_page_is_good(tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/experiments.md").read_text(), re.DOTALL)
    path = tmp_path / "first.yaml"
    path.write_text(blocks[0])
    done = subprocess.run([ENGINE, "check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
