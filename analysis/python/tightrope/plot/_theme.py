# SPDX-License-Identifier: Apache-2.0
"""One look for all pictures: Okabe and Ito's colours, which colour-blind readers tell apart."""

from __future__ import annotations

from typing import TypeVar

import altair as alt

#: Okabe and Ito (2008), without yellow, which is too pale for lines on white.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#5B4FA2", "#4D4D4D"]
#: Beneficial and detrimental, gain and loss.
GOOD, BAD, INK, FAINT = "#009E73", "#D55E00", "#222222", "#8A8F98"
#: Losses to gains through white: orange and blue differ for every reader.
DIVERGING = ["#A84300", "#D55E00", "#F0A875", "#F7F7F7", "#85BBDD", "#0072B2", "#004C78"]
#: Small to large, growing darker evenly.
SEQUENTIAL = "viridis"
DASHES = [[1, 0], [6, 3], [2, 2]]

_FONT = "Helvetica Neue, Arial, DejaVu Sans, sans-serif"

Chart = TypeVar("Chart", bound=alt.TopLevelMixin)


def style(place: int) -> tuple[str, list[int]]:
    """Colour and dash of the line with this number."""
    return COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % len(DASHES)]


def finish(chart: Chart, title: str, subtitle: str | list[str] = "") -> Chart:
    """The chart with its title and the theme; the last thing that every plot does."""
    text = alt.TitleParams(title, subtitle=subtitle, anchor="start", frame="group", offset=12,
                           fontSize=14, subtitleFontSize=11.5, subtitleColor="#555",
                           fontWeight="bold", subtitlePadding=4)
    return chart.properties(title=text, background="white").configure(
        font=_FONT, padding=8).configure_view(
        stroke=None).configure_axis(
        labelFontSize=11, titleFontSize=11.5, titleFontWeight="normal", titleColor=INK,
        labelColor=INK, gridColor="#E6E6E6", domainColor=FAINT, tickColor=FAINT).configure_legend(
        labelFontSize=11, titleFontSize=11.5, titleFontWeight="normal",
        labelLimit=220).configure_header(labelFontSize=11.5, titleFontSize=11.5,
                                         labelFontWeight="bold")
