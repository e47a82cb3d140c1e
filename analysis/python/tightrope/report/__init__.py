# SPDX-License-Identifier: Apache-2.0
"""``tightrope.report``: a run folder as one self-contained HTML page.

The page opens from disk without a network. Every chart is a static SVG; with scripts it becomes
interactive (values under the pointer). Whatever comes from an experiment is escaped.
"""

from ._page import page, write

__all__ = ["page", "write"]
