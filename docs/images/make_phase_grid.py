# SPDX-License-Identifier: Apache-2.0
"""Draws the phase grid out of a run's results.csv, the theory's prediction over the measurement.

    .venv/bin/python docs/images/make_phase_grid.py RUN_FOLDER [PICTURE]

Gain in accuracy over random patients at the same beta, by how much of the link of site and
disease the environment has lost: measured (solid, mean over the confirm seeds with a 95 % t
interval) and at the population optimum (dashed). Prints how the two agree over all cells.
"""

import pathlib
import sys

import altair as alt
import pandas as pd

CONFOUNDING = {"k0": "0 nat", "k1": "1.25 nat", "k2": "2.5 nat", "k5": "5 nat"}
BETA = {"b01": 0.1, "b03": 0.3, "b1": 1.0, "b3": 3.0}
LOST = {"m0": 0, "m25": 25, "m50": 50, "m75": 75, "m100": 100}
NEGATIVES = {"stratified": "within the stratum", "nearest": "nearest classes"}
KINDS = {"accuracy": "measured", "optimum_accuracy": "theory"}
T9 = 2.262  # Student's 0.975 quantile, 9 degrees of freedom


def read(folder):
    data = pd.read_csv(pathlib.Path(folder) / "results.csv")
    data = data[(data.seed_set == "confirm") & (data.subset == "all")
                & data.environment.isin(LOST) & data.metric.isin(KINDS)
                & ~data.row.str.endswith("_sft")]
    data[["confounding", "beta", "negatives"]] = data.row.str.split("_", expand=True)
    keys = ["confounding", "beta", "environment", "metric", "seed"]
    random = data[data.negatives == "random"].set_index(keys).value
    rest = data[data.negatives != "random"].copy()
    rest["gain"] = rest.value - random.reindex(pd.MultiIndex.from_frame(rest[keys])).to_numpy()
    cells = rest.groupby(["negatives", "confounding", "beta", "environment", "metric"]).gain
    out = cells.agg(["mean", "std", "count"]).reset_index()
    half = T9 * out["std"] / out["count"] ** 0.5
    out["low"], out["high"] = out["mean"] - half, out["mean"] + half
    return out


def agreement(cells):
    """Rank correlation and share of equal signs, over cells that are decided by their interval."""
    wide = cells.pivot_table(index=["negatives", "confounding", "beta", "environment"],
                             columns="metric", values="mean")
    measured = cells[cells.metric == "accuracy"].set_index(wide.index.names)
    decided = wide[(measured.low.reindex(wide.index) > 0) | (measured.high.reindex(wide.index) < 0)]
    for name, part in [("all", wide), *wide.groupby(level="negatives")]:
        rank = part.rank().corr().loc["accuracy", "optimum_accuracy"]
        sure = decided[decided.index.isin(part.index)]
        same = ((sure.accuracy > 0) == (sure.optimum_accuracy > 0)).sum()
        print(f"{name}: rank correlation {rank:.2f} over {len(part)} cells; "
              f"sign right in {same} of {len(sure)} decided cells")


def picture(cells):
    cells = cells.assign(
        lost=cells.environment.map(LOST), b=cells.beta.map(BETA).astype(str),
        link=cells.confounding.map(CONFOUNDING), kind=cells.metric.map(KINDS))
    panels = []
    for negatives, title in NEGATIVES.items():
        data = cells[cells.negatives == negatives]
        base = alt.Chart(data).encode(
            x=alt.X("lost:Q", title="link lost, %", axis=alt.Axis(values=list(LOST.values()))),
            color=alt.Color("b:N", title="beta", sort=["0.1", "0.3", "1.0", "3.0"]))
        lines = base.mark_line(point=alt.OverlayMarkDef(size=18)).encode(
            y=alt.Y("mean:Q", title="gain over random patients"),
            strokeDash=alt.StrokeDash("kind:N", title=None, sort=["measured", "theory"]))
        bars = base.transform_filter("datum.kind == 'measured'").mark_rule(opacity=0.5).encode(
            y="low:Q", y2="high:Q")
        zero = alt.Chart(data).mark_rule(color="#999").encode(y=alt.datum(0))
        panels.append(alt.layer(zero, lines, bars).properties(width=170, height=190).facet(
            column=alt.Column("link:N", title=f"negatives {title}, by confounding",
                              sort=list(CONFOUNDING.values()))))
    return alt.vconcat(*panels).configure_axis(labelFontSize=11, titleFontSize=11)


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    cells = read(sys.argv[1])
    agreement(cells)
    out = sys.argv[2] if len(sys.argv) == 3 else pathlib.Path(__file__).with_name("phase_grid.png")
    picture(cells).save(str(out), scale_factor=1.2)


if __name__ == "__main__":
    main()
