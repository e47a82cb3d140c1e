# SPDX-License-Identifier: Apache-2.0
"""Every notebook runs from nothing, reads as an article, and is stored without outputs."""

import pathlib
import re

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "analysis" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
BUILD = ROOT / "build" / "release"


def test_there_are_five():
    assert [path.stem for path in NOTEBOOKS] == [
        "1_tour", "2_table5", "3_inside_a_chain", "4_where_cpo_helps", "5_your_own_measure"]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def test_stored_without_outputs_and_valid(notebook):
    book = nbformat.read(notebook, 4)
    nbformat.validate(book)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.id
    assert set(book.metadata) == {"kernelspec", "language_info"}


def test_reads_as_an_article(notebook):
    book = nbformat.read(notebook, 4)
    assert book.cells[0].cell_type == "markdown" and book.cells[0].source.startswith("# ")
    words = {kind: sum(len(cell.source.split()) for cell in book.cells if cell.cell_type == kind)
             for kind in ("markdown", "code")}
    assert words["markdown"] > 100
    for before, after in zip(book.cells, book.cells[1:], strict=False):
        if after.cell_type == "code" and len(after.source.splitlines()) > 6:
            assert before.cell_type == "markdown", f"{after.id}: long code without a word before it"


def test_links_lead_somewhere(notebook):
    book = nbformat.read(notebook, 4)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+)", cell.source):
                assert (FOLDER / target).exists(), target


def words_of(name):
    book = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    text = " ".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    return re.sub(r"\s+", " ", text)


def test_the_tour_names_what_drifts():
    config = (ROOT / "experiments/configs/quickstart.yaml").read_text()
    said = {"prior": "prior", "confounding": "confounding", "lexical": "wording"}
    assert set(re.findall(r"factor: (\w+)", config)) == set(said)
    drifts = re.search(r"world that drifts: (.*?) change between", words_of("1_tour"))[1]
    assert all(word in drifts for word in said.values()) and "image" not in drifts


def test_table5_takes_what_its_page_says():
    page = (ROOT / "docs/reproduction/cpo_table5.md").read_text()
    seconds = re.search(r"(\d+) s on two cores", page)[1]
    assert f"took {seconds} s on two cores" in words_of("2_table5")


def test_a_measure_is_promised_only_where_it_is_used():
    users = {path.parent.name for path in (ROOT / "analysis").rglob("*.cc")
             if "Registry<Measure>" in path.read_text()}
    text = words_of("5_your_own_measure")
    assert "analyze" in users or "inside `tightrope analyze`" not in text
    assert "`tightrope measure` then has it" in text


def test_runs_from_nothing(notebook, runs, monkeypatch):
    if not (BUILD / "tightrope-engine").exists():
        pytest.skip(f"{BUILD}/tightrope-engine is not built")
    monkeypatch.setenv("TIGHTROPE_RUNS", str(runs))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "analysis" / "python"))
    book = nbformat.read(notebook, 4)
    NotebookClient(book, timeout=300, kernel_name="python3",
                   resources={"metadata": {"path": str(FOLDER)}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [o for o in shown if o.output_type == "error" or o.get("name") == "stderr"]
    assert sum("vega" in str(o.get("data", {}).get("text/html", "")) for o in shown) >= 1


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A fresh folder for the runs of all notebooks: the tour's run serves three of them."""
    return tmp_path_factory.mktemp("runs")
