# SPDX-License-Identifier: Apache-2.0
"""Reads the run folders of tightrope: lazy data sets, tables, pictures.

>>> import tightrope
>>> log = tightrope.open(folder)
>>> tightrope.table(folder)  # doctest: +SKIP
"""

from . import _accessor, plot  # noqa: F401  registers .tightrope
from ._engine import run
from ._log import Log, open
from ._tables import claims, table

__all__ = ["Log", "claims", "open", "plot", "run", "table"]
