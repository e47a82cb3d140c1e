# SPDX-License-Identifier: Apache-2.0
"""Reads the run folders of tightrope: lazy data sets, tables, pictures.

>>> import tightrope
>>> log = tightrope.open(folder)
>>> tightrope.table(folder)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import types

from . import _accessor, plot  # noqa: F401  registers .tightrope
from ._engine import run
from ._log import Log, open
from ._tables import claims, table

__all__ = ["Log", "claims", "open", "plot", "report", "run", "table"]


def __getattr__(name: str) -> types.ModuleType:
    if name == "report":  # on first use: it also loads templates and the bundle of the page
        return importlib.import_module(".report", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
