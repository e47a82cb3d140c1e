# SPDX-License-Identifier: Apache-2.0
"""The checks of tools/ find what they are for, and accept what is allowed."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


def check(name, folder):
    return subprocess.run([sys.executable, str(ROOT / "tools" / name), str(folder)],
                          capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("path, text, message", [
    ("drift/a.cc", '#include "graph/world.h"', "drift may not include graph/world.h"),
    ("policies/a.cc", '#include "optimizers/b.h"', "policies may not include optimizers/b.h"),
    ("core/base/a.h", '#include "core/config/node.h"', "core/base may not include core/config"),
    ("analysis/a.cc", '#include "core/api/world.h"', "analysis may not include core/api/world.h"),
    ("experiments/a.cc", '#include "tests/support/b.h"', "experiments may not include tests"),
    ("core/config/a.h", "#include <yaml-cpp/yaml.h>", "yaml-cpp may not be included here"),
    ("graph/a.cc", "#include <hdf5.h>", "HDF5 may not be included here"),
    ("core/api/a.h", "#include <ATen/ATen.h>", "LibTorch may not be included here"),
    ("policies/transformer/a.cc", "#include <ATen/ATen.h>", "LibTorch may not be included here"),
    ("graph/a.cc", "#include <random>", "<random> may not be included here"),
    ("graph/a.cc", "std::mt19937 g;", "randomness outside core/random"),
    ("drift/a.cc", "Stream seed_of(time(nullptr)); int seed = time(0);", "randomness outside"),
    ("other/a.cc", "", "a folder that the include table does not know"),
])
def test_include_table_names_the_violation(tmp_path, path, text, message):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(LICENCE + text + "\n")
    result = check("check_includes.py", tmp_path)
    assert result.returncode == 1
    assert message in result.stdout
    assert result.stdout.startswith(f"{path}:")


@pytest.mark.parametrize("path, text", [
    ("drift/a.cc", '#include "core/api/world.h"\n#include "drift/b.h"\n#include <vector>'),
    ("core/config/a.cc", "#include <yaml-cpp/yaml.h>"),
    ("core/random/a.cc", "// std::random_device is not used"),
    ("experts/a.cc", '#include "graph/world.h"'),
    ("tests/torch/a.cc", "#include <ATen/ATen.h>"),
    ("policies/transformer/autograd/a.h", "#include <ATen/ATen.h>"),
])
def test_include_table_accepts_what_is_allowed(tmp_path, path, text):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(LICENCE + text + "\n")
    result = check("check_includes.py", tmp_path)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path, text, message", [
    ("a.cc", "int x;\n", "no 'SPDX"),
    ("a.py", "# SPDX-License-Identifier: Apache-2.0\n" + "\n" * 600, "601 lines"),
    ("a.md", "see /" + "work/project/file\n", "a path of one machine"),
    ("a.md", "see /" + "root/x\n", "a path of one machine"),
    ("a.md", "see ../sha" + "red/design.md\n", "a path outside the project"),
])
def test_file_rules_name_the_violation(tmp_path, path, text, message):
    (tmp_path / path).write_text(text)
    result = check("check_files.py", tmp_path)
    assert result.returncode == 1 and message in result.stdout


def test_another_clang_format_is_refused():
    result = subprocess.run([sys.executable, str(ROOT / "tools/check_format.py"), "1"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "other versions format differently and are refused" in result.stderr
