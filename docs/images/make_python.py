# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of docs/python.md.

    ./tightrope run experiments/configs/quickstart.yaml --out runs/first
    ./tightrope analyze runs/first
    .venv/bin/python docs/images/make_python.py runs/first GRID_FOLDER [PICTURE_FOLDER]

GRID_FOLDER is a run of experiments/configs/paper/phase_grid.yaml.
"""

import pathlib
import sys

import tightrope
from tightrope import plot


def pictures(first, grid):
    log = tightrope.open(first)
    return {
        "python_curves": lambda: plot.learning_curves(log, "kl_thinking(target)"),
        "python_belief": lambda: plot.belief_trace(
            log, row="cpo", environment="target", probe=4),
        "python_river": lambda: plot.token_river(
            log, row="cpo", environment="target", probe=1, position=1),
        "python_report": lambda: plot.token_river(log, row="cpo", environment="target", probe=1),
        "python_heatmap": lambda: plot.drift_heatmap(log, arm="cpo", environment="target"),
        "python_ledger": lambda: plot.ledger_waterfall(log, arm="cpo", environment="target"),
        "python_alarms": lambda: plot.alarm_raster(log, stage="sft", arms=["cpo", "dpo_random"],
                                                   kinds=("warning", "drift")),
        "python_phase": lambda: plot.phase_diagram(
            grid, "beta", "confounding", column="accuracy(m100)",
            effect=({"propose": "stratified"}, {"expert_type": "random"})),
    }


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[3] if len(sys.argv) == 4 else pathlib.Path(__file__).parent)
    for name, draw in pictures(*sys.argv[1:3]).items():
        draw().save(out / f"{name}.png", scale_factor=1)
        print(f"wrote {out / name}.png")


if __name__ == "__main__":
    main()
