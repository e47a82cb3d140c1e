# SPDX-License-Identifier: Apache-2.0
"""The launcher's own words and exit codes. Nothing here installs or builds anything."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def launch(*arguments, root=ROOT, **environment):
    return subprocess.run(
        ["bash", str(root / "tightrope"), *arguments], capture_output=True, text=True, timeout=120,
        stdin=subprocess.DEVNULL, env={**os.environ, **environment})


@pytest.fixture
def copy(tmp_path):
    """The launcher alone in an empty project that pretends to be set up and built."""
    shutil.copy(ROOT / "tightrope", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "CMakeLists.txt").write_text("project(tightrope VERSION 1.2.3 LANGUAGES CXX)\n")
    for folder in ("core", "graph", "drift", "policies", "optimizers", "experts", "experiments",
                   "analysis", "cmake", "build/release", ".venv/bin", ".setup"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "CMakePresets.json").write_text("{}")
    program(tmp_path / ".venv/bin/python", "exit 0")
    (tmp_path / "build/release/build.ninja").write_text("")
    for name in ("engine", "reader"):
        program(tmp_path / f"build/release/tightrope-{name}",
                f'echo "{name} $* home=$TIGHTROPE_HOME in=$PWD"; exit 7')
    pins = (tmp_path / "tools/setup/versions.env").read_text()
    (tmp_path / ".setup/ready").write_text(f"{tmp_path}\n\nno\n{pins}")
    (tmp_path / ".setup/built").write_text("")
    return tmp_path


def program(path, body):
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


def without_packages(folder):
    """A PATH on which every Debian package is missing and on which nobody is root."""
    tools = folder / "fake"
    tools.mkdir()
    program(tools / "dpkg-query", "exit 1")
    return f"{tools}:{os.environ['PATH']}"


def test_unknown_command_names_the_nearest():
    result = launch("rnu")
    assert result.returncode == 2
    assert "no command 'rnu'; did you mean 'run'?" in result.stderr


def test_unknown_command_without_a_near_one_points_to_the_help():
    result = launch("zzzzzzzz")
    assert result.returncode == 2
    assert "no command 'zzzzzzzz'; ./tightrope --help lists them" in result.stderr


def test_help_and_version():
    assert "usage: ./tightrope" in launch("--help").stdout
    assert re.match(r"tightrope \d+\.\d+\.\d+ \(\S+\)\n", launch("--version").stdout)
    nothing = launch()
    assert nothing.returncode == 2 and "usage" in nothing.stderr


def test_every_routed_command_is_in_the_help():
    text = (ROOT / "tightrope").read_text()
    names = [name for kind in ("engine", "reader")
             for name in re.search(rf'{kind}_commands="([^"]*)"', text)[1].split()]
    assert {"run", "worker", "table", "collect", "export"} <= set(names)
    usage = launch("--help").stdout
    assert [name for name in names if not re.search(rf"\b{name}\b", usage)] == []


def test_commands_reach_their_program_with_arguments_folder_and_exit_code(copy, tmp_path):
    engine = launch("list", "drift processes", root=copy)
    assert engine.returncode == 7
    assert engine.stdout == f"engine list drift processes home={copy} in={os.getcwd()}\n"
    reader = launch("table", "x", root=copy)
    assert reader.returncode == 7 and reader.stdout.startswith("reader table x ")
    assert launch("worker", "--shard", "0/2", root=copy).stdout.startswith("engine worker ")
    for command in ("collect", "export"):
        assert launch(command, "x", root=copy).stdout.startswith(f"reader {command} x ")


def test_a_changed_source_is_built_again(copy):
    (copy / "tools/setup/build.sh").open("a").write("\nbuild_programs() { say 'BUILD'; }\n")
    assert "BUILD" not in launch("list", root=copy).stderr
    newer = (copy / ".setup/built").stat().st_mtime + 5
    (copy / "core/new.cc").write_text("")
    os.utime(copy / "core/new.cc", (newer, newer))
    result = launch("list", root=copy)
    assert "BUILD" in result.stderr and result.returncode == 7


def test_changed_pins_are_set_up_again(copy):
    (copy / "tools/setup/versions.env").open("a").write('MORE="x"\n')
    (copy / "tools/setup/system.sh").open("a").write("\nsetup_packages() { die 1 'SETUP'; }\n")
    result = launch("list", root=copy)
    assert result.returncode == 1 and "SETUP" in result.stderr


def test_without_root_the_administrators_line_is_printed(copy):
    (copy / ".setup/ready").unlink()
    (copy / "tools/setup/system.sh").write_text(
        (copy / "tools/setup/system.sh").read_text().replace("EUID != 0", "1"))
    result = launch("setup", root=copy, PATH=without_packages(copy))
    assert result.returncode == 1
    line = re.search(r"apt-get update && apt-get install -y --no-install-recommends (.*)",
                     result.stderr)[1]
    assert "libhdf5-dev" in line.split() and "g++" in line.split()


def test_an_environment_left_half_made_is_not_ready(copy):
    (copy / ".venv/.in-progress").write_text("")
    (copy / "tools/setup/system.sh").open("a").write("\nsetup_packages() { die 1 'SETUP'; }\n")
    assert "SETUP" in launch("list", root=copy).stderr


def test_a_finished_step_is_not_done_again(copy):
    (copy / "tools/setup/build.sh").open("a").write('\nstep() { say "STEP $1"; }\n')
    for expected in (["venv", "python", "torch", "configure"], []):
        (copy / ".setup/ready").unlink()
        result = launch("list", root=copy, TIGHTROPE_SKIP_PACKAGES="1", TIGHTROPE_TORCH_DIR="")
        assert re.findall(r"^STEP (\w+)", result.stderr, re.M) == expected
        assert result.returncode == 7


def test_a_step_interrupted_in_the_environment_makes_it_anew(copy):
    (copy / "tools/setup/build.sh").open("a").write('\nstep() { say "STEP $1"; }\n')
    options = {"root": copy, "TIGHTROPE_SKIP_PACKAGES": "1",
               "TIGHTROPE_TORCH_DIR": ""}
    (copy / ".setup/ready").unlink()
    launch("list", **options)
    (copy / ".venv/.in-progress").write_text("")
    again = launch("list", **options)
    assert re.findall(r"^STEP (\w+)", again.stderr, re.M) == ["venv", "python", "torch"]


def test_import_tightrope_is_this_trees_folder(tmp_path):
    """One line in the environment, renewed where the project moved."""
    site = tmp_path / ".venv/lib/python3.11/site-packages"
    script = f"root=$1; cd {tmp_path}; source {ROOT}/tools/setup/python.sh; package_is_linked; " \
        "echo before $?; link_package; package_is_linked; echo after $?"

    def link(root):
        return subprocess.run(["bash", "-c", script, "bash", root], capture_output=True, text=True,
                              check=True).stdout.split("\n")[:2]

    assert link("/old place") == ["before 0", "after 0"]  # no environment yet: nothing to link
    site.mkdir(parents=True)
    assert link("/old place") == ["before 1", "after 0"]
    assert link("/old place") == ["before 0", "after 0"]
    assert link("/new") == ["before 1", "after 0"]
    assert (site / "tightrope.pth").read_text() == "/new/analysis/python\n"


def test_a_folder_without_libtorch_is_refused(tmp_path, copy):
    result = launch("setup", "--torch", str(tmp_path), root=copy)
    assert result.returncode == 2
    assert "is not a LibTorch folder: it has no include/ATen/ATen.h" in result.stderr


def test_setup_and_test_refuse_unknown_options(copy):
    for command in ("setup", "test"):
        result = launch(command, "--fast", root=copy)
        assert result.returncode == 2 and "'--fast'" in result.stderr


def test_doctor_exits_1_and_says_what_is_missing(copy):
    result = launch("doctor", root=copy, PATH=without_packages(copy))
    assert result.returncode == 1
    assert re.search(r"^MISSING +Debian packages +g\+\+ cmake", result.stdout, re.M)
    assert re.search(r"^MISSING +Python packages", result.stdout, re.M)
    assert re.search(r"^OK +cmake +\d", result.stdout, re.M)
    assert re.search(r"\d required things are missing$", result.stdout.strip())


def test_doctor_knows_packages_by_their_folders(copy):
    """Installers write underscores where a pin may have hyphens, and keep those it has."""
    site = copy / ".venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    pins = re.search(r'PYTHON_PACKAGES="([^"]*)"',
                     (copy / "tools/setup/versions.env").read_text()).group(1).split()
    assert any("_" in pin for pin in pins) and any("-" in pin for pin in pins)
    for name, version in (pin.split("==") for pin in pins):
        (site / f"{name.replace('-', '_')}-{version}.dist-info").mkdir()
    said = launch("doctor", root=copy).stdout
    assert re.search(rf"^OK +Python packages +all {len(pins)} ", said, re.M), said
    next(site.glob("numpy-*")).rename(site / "numpy-0.0.1.dist-info")
    said = launch("doctor", root=copy).stdout
    assert re.search(r"^MISSING +Python packages +numpy==", said, re.M), said
