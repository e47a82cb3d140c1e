# SPDX-License-Identifier: Apache-2.0
"""``tightrope.run``: start the engine from a notebook."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from ._errors import listed
from ._log import Log
from ._log import open as open_log

#: Where the repository's own build lies, seen from this file.
_BUILD = pathlib.Path(__file__).resolve().parents[3] / "build" / "release" / "tightrope-engine"


def engine() -> pathlib.Path:
    """The engine: ``$TIGHTROPE_ENGINE``, else the repository's build, else the path's.

    Raises FileNotFoundError that says where it was looked for.
    """
    named = os.environ.get("TIGHTROPE_ENGINE")
    found = [pathlib.Path(named)] if named else [_BUILD]
    on_path = shutil.which("tightrope-engine")
    if on_path and not named:
        found.append(pathlib.Path(on_path))
    for path in found:
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"no engine at {listed(found)}: build it with `./tightrope setup`, or name it by "
        "TIGHTROPE_ENGINE")


def _setting(key: str, value: Any) -> str:
    return f"{key}={value if isinstance(value, str) else json.dumps(value)}"


def run(config: str | os.PathLike[str], out: str | os.PathLike[str], *,
        set: Mapping[str, Any] | None = None,  # noqa: A002  the option's name
        resume: bool = False, timeout: float | None = None) -> Log:
    """Runs an experiment, waits for it and opens what it wrote.

    ``set``: values put over the file, as ``--set`` does: ``{"rft.steps": 100, "seeds": "0..3"}``.
    ``resume``: continue ``out``, or give it back when it is done.

    >>> tightrope.run("experiments/configs/quickstart.yaml", "runs/first")  # doctest: +SKIP

    Raises FileNotFoundError without an engine or file, RuntimeError with what the engine printed
    when it fails, subprocess.TimeoutExpired after ``timeout`` seconds.
    """
    path = pathlib.Path(config)
    if not path.is_file():
        raise FileNotFoundError(f"there is no experiment {path}")
    command = [str(engine()), "run", str(path), "--out", str(out)]
    for key, value in (set or {}).items():
        command += ["--set", _setting(key, value)]
    if resume:
        command.append("--resume")
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise RuntimeError(f"the engine ended with exit code {done.returncode}:\n{said}")
    return open_log(out)
