# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run folder as altair charts: returned, never shown.

``chart.save("x.svg")`` and ``chart.save("x.png", scale_factor=2)`` need neither browser nor
network. Every chart carries its own theme, so that it looks the same wherever it is put.
"""

from ._alarms import alarm_raster
from ._belief import belief_trace
from ._curves import learning_curves
from ._heatmap import drift_heatmap
from ._ledger import ledger_waterfall
from ._phase import phase_diagram
from ._river import token_river
from ._timeline import drift_timeline

__all__ = ["alarm_raster", "belief_trace", "drift_heatmap", "drift_timeline", "learning_curves",
           "ledger_waterfall", "phase_diagram", "token_river"]
