# SPDX-License-Identifier: Apache-2.0
"""A chart inside the page: static SVG for everyone, its Vega-Lite specification for scripts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import vl_convert
from markupsafe import Markup

if TYPE_CHECKING:
    import altair

_TAG = re.compile(r"<[^>]*>")
_PLACE = re.compile(r'(?<=\s)(?:d|transform|points|width|height|[xyr][12]?|c[xy]|r[xy])="[^"]*"')
_NUMBER = re.compile(r"(?<=[\s,\"MLCVHQAmlcvhqa(-])(\d*\.\d{3,})(?:e[-+]?\d+)?")


def _shorter(svg: str) -> str:
    """Coordinates with two decimals: a hundredth of a pixel is not seen, and half of the bytes.

    Texts and labels, which may hold numbers too, stay as they are.
    """
    def rounded(match: re.Match[str]) -> str:
        return _NUMBER.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), match[0])

    return _TAG.sub(lambda tag: _PLACE.sub(rounded, tag[0]), svg)


@dataclass(frozen=True)
class Chart:
    """``svg`` is drawn without scripts; ``spec`` is the text that a script draws from."""

    title: str
    caption: str
    svg: Markup
    spec: Markup


def script_text(value: object) -> Markup:
    """JSON that may stand inside a script element: no ``</`` or ``<!--`` survives."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def render(title: str, chart: altair.TopLevelMixin, caption: str = "") -> Chart:
    """Draws a chart once. vl-convert escapes the texts in the SVG."""
    spec = chart.to_dict()
    svg = vl_convert.vegalite_to_svg(spec)
    svg = svg[svg.index("<svg"):]
    config = spec.setdefault("config", {})
    config["mark"] = {**config.get("mark", {}), "tooltip": True}  # values under the pointer
    return Chart(title, caption, Markup(_shorter(svg)), script_text(spec))
