"""A search finds the names and folders that the photos have now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.place import Paths
from flowersorter.ui.filter.text_search import TextSearch
from flowersorter.ui.grid.photo_columns import PhotoColumns
from tests.qt.fake_rows import rows


def found(columns: PhotoColumns, text: str, at: list[int] | None = None) -> list[int]:
    wanted = None if at is None else np.array(at, np.intp)
    return np.flatnonzero(TextSearch.of(text, {}).matches(columns, wanted)).tolist()


def renamed(known: PhotoRows, row: int, path: str) -> PhotoRows:
    names = [*Paths.of(known.paths).names]
    names[row] = path
    return replace(known, paths=Paths(names))


def test_a_renamed_file_is_found_by_its_new_name_only() -> None:
    known = rows(100)
    columns = PhotoColumns(known)
    assert found(columns, "img_000007") == [6]
    columns.merge(renamed(known, 6, "/photos/roses/Blüte.jpg"))
    assert found(columns, "img_000007") == []
    assert found(columns, "blu\u0308te") == [6]
    assert found(columns, "roses") == [6]
    assert columns.folders[0] == ["/photos", "/photos/roses"]
    one = renamed(known, 7, "/photos/tulips/two.jpg").take(np.array([7]))
    columns.merge(one)
    assert found(columns, "two.jpg") == [7]
    assert columns.photos_by_folder() == {Path("/photos"): 98, Path("/photos/roses"): 1, Path("/photos/tulips"): 1}
    assert columns.paths[7] == Path("/photos/tulips/two.jpg")


def test_few_rows_are_searched_as_all_are() -> None:
    columns = PhotoColumns(rows(200))
    assert found(columns, "img_00001", [3, 11, 150]) == [1]
    assert found(columns, "img_00001", list(range(5, 100))) == list(range(4, 14))
    assert columns.paths.joined_names.containing("img_00001").nonzero()[0].tolist() == list(range(9, 19))


def test_names_that_stay_are_not_read_again() -> None:
    known = rows(50)
    columns = PhotoColumns(known)
    texts = columns.paths.joined_names
    columns.merge(rows(50))
    columns.merge(known.take(np.arange(10, 20)))
    assert columns.paths.joined_names is texts
