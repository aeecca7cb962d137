"""The order by date taken and the search by name, for terminal and Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from flowersorter.jobs import CancelToken, silent
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from flowersorter.workflows.predicting.select_rows import select_rows
from tests.drawing import RED, textured

_DATE = 0x0132


@pytest.fixture
def result(engine: Engine, tmp_path: Path) -> PredictFolderResult:
    """Three dated photos, one without a date, and a broken one."""
    for seed, (name, date) in enumerate(
        (("a", "2024:05:03"), ("B", "2024:05:01"), ("Ca\u0301p", "2024:05:02"), ("0", ""))
    ):
        exif = Image.Exif()
        if date:
            exif[_DATE] = f"{date} 10:00:00"
        textured((96, 72), RED, seed).save(tmp_path / f"{name}.jpg", exif=exif)
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    return predict_folder(engine, PredictFolderRequest(tmp_path), silent, CancelToken())


def names(result: PredictFolderResult) -> list[str]:
    return [path.stem for path in result.rows.paths]


def test_photos_without_a_date_come_last(engine: Engine, result: PredictFolderResult) -> None:
    by_date = select_rows(engine.collection, result, "date")

    assert names(by_date) == ["B", "Ca\u0301p", "a", "0", "bad"]
    assert by_date.rows.photo_ids.tolist() == [result.rows.photo_ids[names(result).index(n)] for n in names(by_date)]
    assert names(select_rows(engine.collection, result, "name")) == names(result)


def test_names_are_searched_whatever_their_case_and_form(engine: Engine, result: PredictFolderResult) -> None:
    assert names(select_rows(engine.collection, result, "date", "b")) == ["B", "bad"]
    assert names(select_rows(engine.collection, result, "name", "C\u00c1")) == ["Ca\u0301p"]
    found = select_rows(engine.collection, result, "date", "nothing")
    assert (names(found), found.unreadable) == ([], ())
    assert len(select_rows(engine.collection, result, "name", "bad").unreadable) == 1
