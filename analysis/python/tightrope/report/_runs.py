# SPDX-License-Identifier: Apache-2.0
"""How the runs of a folder ended."""

from __future__ import annotations

import numpy as np

from .._log import Log


def last_stage(log: Log) -> np.ndarray:
    """Per run the place of its last stage on the axis ``stage``."""
    places = {name: at for at, name in enumerate(np.atleast_1d(log.runs.stage.values).tolist())}
    return np.array([places[name] for name in log.runs.last_stage.values.tolist()])


def endings(log: Log) -> np.ndarray:
    """Per run the state of its last segment: done, diverged, partial or missing."""
    last = last_stage(log)
    return log.runs.status.values[np.arange(len(last)), last]
