"""A photo whose file lacks its end: read, filed and trained as any other, with a remark wherever it is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowersorter import Collection
from tests.drawing import RED, jpeg_bytes, textured
from tests.unit.commands.conftest import Run

REMARK = "the end of the file is missing"


@pytest.fixture
def cut(photos: Path) -> Path:
    """A photo without its last two bytes, beside whole ones."""
    path = photos / "cut.jpg"
    path.write_bytes(jpeg_bytes(textured((96, 72), RED, 50))[:-2])
    return path


def remarks(out: str) -> dict[str, str]:
    lines = [json.loads(line) for line in out.splitlines()]
    return {Path(line["path"]).name: line["remark"] for line in lines if "remark" in line}


def test_json_lines_of_predict_and_sort_carry_the_remark(run: Run, cut: Path, tmp_path: Path) -> None:
    for _ in range(2):  # read now, known before
        lines = run("predict", cut.parent, "--json")
        assert remarks(lines) == {"cut.jpg": REMARK}
        assert json.loads(lines.splitlines()[-1])["summary"]["unreadable"] == 0
    assert remarks(run("predict", cut, "--json")) == {"cut.jpg": REMARK}
    assert remarks(run("sort", cut.parent, "--to", tmp_path / "sorted", "--dry-run", "--json")) == {"cut.jpg": REMARK}


def test_people_and_spreadsheets_get_it_too(run: Run, cut: Path) -> None:
    out = run("predict", cut.parent)
    assert out.count(REMARK) == 1
    assert "A remark on 1 photo:" in out
    assert REMARK in run("predict", cut).splitlines()[0]
    head, *rows = run("predict", cut.parent, "--csv").splitlines()
    assert "error,remark" in head
    assert [REMARK in row for row in rows] == ["cut.jpg" in row for row in rows]


def test_the_photo_of_the_api_has_the_remark_until_the_file_is_whole(run: Run, cut: Path, tmp_path: Path) -> None:
    run("predict", cut.parent)
    with Collection.open(tmp_path / "collection") as collection:
        found = {photo.path.name: photo.remark for photo in collection.predict(cut.parent)}
    assert found == {"cut.jpg": REMARK} | {path.name: None for path in cut.parent.iterdir() if path != cut}

    cut.write_bytes(cut.read_bytes() + b"\xff\xd9")
    assert remarks(run("predict", cut.parent, "--json")) == {}
