# SPDX-License-Identifier: Apache-2.0
"""A synthetic CCF as a notebook sees it: JSON lines and HDF5 hold the same records."""

import json
import pathlib
import subprocess

import numpy as np
import pytest
import xarray

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENGINE = ROOT / "build" / "release" / "tightrope-engine"
RECORDS = 1500


@pytest.fixture(scope="module", params=["generative", "rule"])
def ccf(request, tmp_path_factory):
    if not ENGINE.exists():
        pytest.skip(f"{ENGINE} is not built")
    out = tmp_path_factory.mktemp("ccf") / "out"
    world = f"world={{type: concept, graph: cxr, diagnosis: {request.param}}}"
    subprocess.run([ENGINE, "dataset", "make", ROOT / "tests/experiments/tiny.yaml", "--set", world,
                    "--n", str(2 * RECORDS), "--out", out], check=True, capture_output=True,
                   timeout=120, cwd=ROOT)
    return out


def report_of(data, slots, category):
    words = [] if category is None else [f"category:{data.category_name.values[category]}"]
    for name, slot in zip(data.attribute.values, slots, strict=True):
        if slot:
            words.append(["", f"+{name}.0", f"+{name}.1", f"-{name}"][slot])
    return " ".join(words)


def test_arrays_have_names_units_and_dimensions(ccf):
    with xarray.open_dataset(ccf / "ccf.h5", engine="h5netcdf") as data:
        assert data.sizes["record"] == RECORDS
        assert data.sizes["counterfactual"] == 2
        assert data.image.dtype == np.float32
        assert data.image.dims == ("record", "channel")
        assert data.counterfact_report.dims == ("record", "counterfactual", "attribute")
        assert data.report.attrs["flag_meanings"].split() == [
            "silent", "synonym_0", "synonym_1", "absent"]
        for name, variable in data.variables.items():
            assert variable.attrs.get("long_name"), name
            assert variable.attrs.get("units") == "1", name
            assert not any(d.startswith("phony") for d in variable.dims), name


def test_json_lines_and_arrays_are_the_same_records(ccf):
    with xarray.open_dataset(ccf / "ccf.h5", engine="h5netcdf") as opened:
        data = opened.load()
    lines = (ccf / "ccf.jsonl").read_text().splitlines()
    assert len(lines) == RECORDS
    rule = "category" in data
    for n, line in enumerate(lines):
        record = json.loads(line)
        assert list(record)[:6] == ["dicom_id", "sid", "pid", "report", "diagnose", "counterfact"]
        for key in ("dicom_id", "sid", "pid"):
            assert record[key] == data[key].values[n]
        assert record["diagnose"] == data.disease_name.values[data.diagnose.values[n]]
        category = int(data.category.values[n]) if rule else None
        assert record["report"] == report_of(data, data.report.values[n], category)
        assert record.get("category") == (data.category_name.values[category] if rule else None)
        np.testing.assert_array_equal(np.array(record["image"], np.float32), data.image.values[n])
        assert record["site"] == data.site.values[n]
        assert record["attributes"] == list(data.attribute.values[data.present.values[n] == 1])
        assert len(record["counterfact"]) == 2
        for i, (disease, text) in enumerate(record["counterfact"].items()):
            assert disease == data.disease_name.values[data.counterfact.values[n, i]]
            category = int(data.counterfact_category.values[n, i]) if rule else None
            assert text == report_of(data, data.counterfact_report.values[n, i], category)
