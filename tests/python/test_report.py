# SPDX-License-Identifier: Apache-2.0
"""The report: what it holds, that it needs nothing from outside, that hostile texts stay texts."""

import html
import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import tightrope
from tightrope import report
from tightrope.report._chart import script_text

PACKAGE = pathlib.Path(tightrope.__file__).parents[1]
PHONE, DESK = 375, 1280


@pytest.fixture(scope="module")
def judged(analysed, tmp_path_factory):
    """An analysed run whose tables and claims the reader has written."""
    copy = shutil.copytree(analysed.folder, tmp_path_factory.mktemp("judged") / "small")
    return copy


@pytest.fixture(scope="module")
def text(judged):
    return report.page(judged, cases=2)


def visible(text):
    return re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)


def test_tables_show_the_numbers_of_the_table(judged, text):
    data = tightrope.table(judged)
    for _, line in data.iterrows():
        assert f"{line['mean']:.3f}" in visible(text)
        if line.published == line.published:
            assert f"{line.published:g}" in visible(text)


def test_claims_show_verdict_and_estimate(judged, text):
    for _, line in tightrope.claims(judged).iterrows():
        assert f'<span class="verdict {line.verdict}">' in text
        assert f"{line.estimate:+.4f}" in visible(text)


def test_every_section_is_there_and_linked(text):
    for name in ("results", "claims", "curves", "ledger", "beliefs", "drift", "provenance"):
        assert f'<section id="{name}">' in text and f'href="#{name}"' in text


def test_every_chart_is_drawn_without_scripts(text):
    figures = text.count('<figure class="chart"')
    assert figures >= 6
    assert visible(text).count("<svg") == figures == text.count('type="application/json"')


def test_nothing_comes_from_outside(text):
    assert not re.search(r"""<(?:link|iframe|object|embed|base)\b|\ssrc=|url\((?!#)|@import""",
                         visible(text))
    assert not re.search(r"<script[^>]+src", text)
    assert "default-src 'none'" in text and "connect-src" not in text


def test_settings_and_command_rerun_the_experiment(judged, text, tmp_path):
    settings = html.unescape(re.search(r"config.yaml\)</summary><pre><code>(.*?)</code>", text,
                                       re.S)[1])
    assert settings == (judged / "config.yaml").read_text()
    assert "./tightrope run config.yaml --out" in text


def hostile(folder, target, name):
    """The folder with an arm of this name, in the plan, in the settings and in the claims."""
    copy = shutil.copytree(folder, target)
    for file in ("manifest.jsonl", "config.yaml", *(f"tables/{p.name}" for p in
                                                   (folder / "tables").iterdir())):
        path = copy / file
        quoted = json.dumps(name)[1:-1] if path.suffix == ".jsonl" else name
        path.write_text(quoted.join(re.split(r"\bcpo_weak\b", path.read_text())))
    return copy


class Page(html.parser.HTMLParser):
    """Tags, attributes and texts as a browser would read them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.texts.append(data.strip())


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "</script><script>alert(1)//",
                                  "\"'><b>&amp;{{ 7*7 }}", "<!--<script>", "]]> \u00e9 \u00fc"])
def test_hostile_names_are_only_text(judged, text, tmp_path, name):
    plain = Page(text)
    page = Page(report.page(hostile(judged, tmp_path / "run", name), cases=1))
    assert name in page.texts  # as the label of its row
    assert set(page.tags) == set(plain.tags)
    assert page.attributes == plain.attributes
    assert page.tags.count("script") == page.tags.count("figure") + 2


def test_json_in_scripts_cannot_end_them():
    value = {"a": "</script><!-- \u2028 & <script>"}
    assert "<" not in script_text(value) and "\u2028" not in script_text(value)
    assert json.loads(script_text(value)) == value


def test_size_and_replacement(judged, tmp_path):
    out = tmp_path / "page.html"
    out.write_text("old")
    size = report.write(judged, out, cases=2)
    assert size == out.stat().st_size < 5_000_000
    assert not list(tmp_path.glob("*.new"))


def command(*args, **environment):
    return subprocess.run([sys.executable, "-m", "tightrope.report", *map(str, args)],
                          capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(PACKAGE), **environment})


def test_command_writes_beside_the_run(judged, tmp_path):
    copy = shutil.copytree(judged, tmp_path / "run")
    done = command(copy, "--cases", 0, "--no-analyze")
    assert done.returncode == 0 and "report.html" in done.stdout, done.stderr
    assert "<section id=\"beliefs\">" not in (copy / "report.html").read_text()


def test_a_missing_ledger_is_written_first(folder, tmp_path):
    reader = PACKAGE.parents[1] / "build" / "release" / "tightrope-reader"
    copy = shutil.copytree(folder, tmp_path / "run")
    done = command(copy, TIGHTROPE_READER=str(reader))
    assert done.returncode == 0 and "failed" not in done.stderr, done.stderr
    assert '<section id="ledger">' in (copy / "report.html").read_text()
    assert list(copy.glob("packs/*.analysis.h5"))


@pytest.mark.parametrize(("args", "said"), [
    (("{tmp}/nowhere",), "there is no run folder"),
    (("{tmp}",), "is not a run folder"),
    (("{run}", "--cases", "99"), "0 to 12"),
    (("{run}", "--out", "{tmp}/no/such/page.html", "--no-analyze"), "No such file"),
])
def test_bad_input_is_one_error(judged, tmp_path, args, said):
    done = command(*(a.format(tmp=tmp_path, run=judged) for a in args))
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def browser():
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no headless browser: install chromium")
    return found


# What a page says of itself, when all charts are drawn or after a minute: widths and charts.
PROBE = """<script>
const started = performance.now();
const look = () => {
  const live = document.querySelectorAll(".live:not([hidden])").length;
  const figures = document.querySelectorAll("figure").length;
  if (live < figures && performance.now() - started < 60000) return setTimeout(look, 200);
  const {scrollWidth, clientWidth} = document.documentElement;
  parent.postMessage({live, figures, wide: scrollWidth, window: clientWidth}, "*");
};
look();
</script></body>"""
# A window is never narrower than 500, a frame may be.
FRAME = """<!doctype html><title></title>
<iframe width="{width}" height="900" src="page.html"></iframe>
<script>onmessage = (e) => {{ document.title = JSON.stringify(e.data); }}</script>"""


def seen_by_browser(page, *flags):
    done = subprocess.run(
        [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,2000",
         "--virtual-time-budget=90000", "--enable-logging=stderr", *flags, "--dump-dom",
         f"file://{page}"], capture_output=True, text=True, timeout=240)
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_in_a_browser_it_fits_and_comes_alive(text, tmp_path, width):
    head, tail = text.rsplit("</body>", 1)
    (tmp_path / "page.html").write_text(head + PROBE + tail)
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width))
    seen = json.loads(html.unescape(
        re.search(r"<title>(\{.*?\})</title>", seen_by_browser(frame))[1]))
    assert seen["wide"] <= seen["window"] <= width, seen
    assert seen["live"] == seen["figures"] > 0, seen


def test_without_scripts_the_pictures_stay(text, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(text)
    dom = seen_by_browser(page, "--blink-settings=scriptEnabled=false")
    assert 'class="live"' not in dom
    assert dom.count('<div class="still"><svg') == dom.count("<figure")
