# SPDX-License-Identifier: Apache-2.0
"""What `pip install ./analysis/python` takes with it."""

import ast
import pathlib
import subprocess
import sys
import tomllib

import tightrope

PACKAGE = pathlib.Path(tightrope.__file__).parent
PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
#: Names under which distributions are imported.
IMPORTED = {"vl-convert-python": "vl_convert"}


def test_every_subpackage_is_packed():
    there = {".".join(path.parent.relative_to(PACKAGE.parent).parts)
             for path in PACKAGE.rglob("__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == there


def test_every_file_is_packed():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    for path in PACKAGE.rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            package = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
            assert any(path.match(one) for one in patterns.get(package, [])), path


def test_every_import_is_a_dependency():
    declared = {name.split(">")[0] for name in PROJECT["project"]["dependencies"]}
    allowed = {IMPORTED.get(name, name) for name in declared} | {"tightrope"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                head = name.split(".")[0]
                assert head in allowed or head in sys.stdlib_module_names, (path, name)


def test_the_report_is_an_attribute():
    code = ("import sys, tightrope; assert 'tightrope.report' not in sys.modules; "
            "tightrope.report.write; tightrope.report.page; "
            "assert not hasattr(tightrope, 'reports')")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60,
                   env={"PYTHONPATH": str(PACKAGE.parent)})
