# SPDX-License-Identifier: Apache-2.0
"""Draws Table 5 as dots and intervals out of a run's results.csv.

    .venv/bin/python docs/images/make_table5.py RUN_FOLDER [PICTURE]

Mean and 95 % t interval of the target accuracy over the confirm seeds, per arm, in both worlds.
"""

import pathlib
import sys

import altair as alt
import pandas as pd

CREDITS = ["direct answer", "thinking", "thinking, first divergence only"]
ENDINGS = {"_no_cot": CREDITS[0], "_fd": CREDITS[2]}
TRAINING = {
    "sft": "SFT",
    "dpo_random": "DPO, random negatives",
    "cpo": "CPO, practitioner's recipe",
    "cpo_structural": "CPO, privileged recipe",
}
WORLDS = {"generative": "Generative world", "rule": "Rule world (diagnosis = xor of findings)"}
COLOURS = ["#8a8f98", "#1f5fa8", "#d1702b"]
# Student's 0.975 quantile by degrees of freedom 1..30.
T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
     2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
     2.052, 2.048, 2.045, 2.042]


def interval(values):
    n = len(values)
    half = T[min(n - 1, len(T)) - 1] * values.std(ddof=1) / n**0.5
    return pd.Series({"mean": values.mean(), "low": values.mean() - half,
                      "high": values.mean() + half})


def arm_of(row):
    world = "rule" if row.startswith("rule_") else "generative"
    arm = row.removeprefix("rule_")
    credit = next((name for end, name in ENDINGS.items() if arm.endswith(end)), CREDITS[1])
    for end in ENDINGS:
        arm = arm.removesuffix(end)
    return pd.Series({"world": world, "training": TRAINING[arm], "credit": credit})


def read(folder):
    data = pd.read_csv(pathlib.Path(folder) / "results.csv")
    data = data[(data.seed_set == "confirm") & (data.environment == "target")
                & (data.subset == "all")]
    seeds = data.seed.nunique()
    arms = data[data.metric == "accuracy"].groupby("row").value.apply(interval).unstack()
    arms = arms.join(arms.index.to_series().apply(arm_of)).reset_index()
    oracle = data[data.metric == "oracle_accuracy"].copy()
    oracle["world"] = oracle.row.map(lambda row: arm_of(row).world)
    return arms, oracle.groupby("world").value.mean(), seeds


def panel(arms, world, ceiling):
    data = arms[arms.world == world]
    low, high = data.low.min() - 0.02, ceiling + 0.03
    x = alt.Scale(domain=[round(low, 2), round(high, 2)], nice=False, zero=False)
    y = alt.Y("training:N", sort=list(TRAINING.values()), title=None,
              axis=alt.Axis(labelLimit=240, domain=False, ticks=False, labelPadding=10,
                            labels=world == "generative"))
    shift = alt.YOffset("credit:N", sort=CREDITS, scale=alt.Scale(paddingOuter=0.7))
    colour = alt.Color("credit:N", sort=CREDITS, scale=alt.Scale(domain=CREDITS, range=COLOURS),
                       legend=alt.Legend(title=None, orient="bottom", symbolType="circle"))
    base = alt.Chart(data).encode(y=y, yOffset=shift, color=colour)
    bars = base.mark_rule(strokeWidth=2.5).encode(
        x=alt.X("low:Q", scale=x, title="accuracy in the drifted environment",
                axis=alt.Axis(format=".2f", tickCount=6)), x2="high:Q")
    dots = base.mark_circle(size=80, opacity=1).encode(x=alt.X("mean:Q", scale=x))
    line = pd.DataFrame({"x": [ceiling], "text": [f"exact oracle {ceiling:.3f}"]})
    at = alt.X("x:Q", scale=x)
    rule = alt.Chart(line).mark_rule(strokeDash=[5, 4], color="#333").encode(x=at)
    text = alt.Chart(line).mark_text(align="right", dx=-5, y=8, color="#333").encode(
        x=at, text="text:N")
    return (bars + dots + rule + text).properties(width=330, height=250, title=WORLDS[world])


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__.split("\n\n")[1].strip())
    picture = str(pathlib.Path(__file__).parent / "table5.png")
    if len(sys.argv) == 3:
        picture = sys.argv[2]
    arms, ceilings, seeds = read(sys.argv[1])
    worlds = [world for world in WORLDS if world in ceilings.index]
    chart = alt.hconcat(*[panel(arms, world, ceilings[world]) for world in worlds], spacing=24)
    chart = chart.properties(title=alt.Title(
        "Does preference optimization survive drift?",
        subtitle=f"Table 5 of arXiv 2505.13081, simulated: mean and 95 % interval over {seeds} "
                 "seeds", anchor="start", offset=14))
    chart = chart.configure_view(stroke=None).configure_axis(
        labelFontSize=12, titleFontSize=12, gridColor="#e6e6e6", titleFontWeight="normal"
    ).configure_title(fontSize=13).configure_legend(labelFontSize=12, labelLimit=300)
    chart.configure(background="white", padding=14).save(picture, scale_factor=2)
    print(picture)


if __name__ == "__main__":
    main()
