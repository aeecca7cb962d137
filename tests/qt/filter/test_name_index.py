"""The names of the photos are joined for a search while the person is about to type."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from flowersorter.ui.filter.name_index import NameIndex
from flowersorter.ui.filter.search_field import SearchField
from flowersorter.ui.filter.text_search import TextSearch
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.grid.photo_model import PhotoModel
from tests.qt.fake_rows import rows


@pytest.fixture
def photos() -> PhotoModel:
    """Fifty photos without pictures."""
    model = PhotoModel(lambda _wanted: None)
    model.set_rows(rows(50))
    return model


@pytest.fixture
def field(photos: PhotoModel, qtbot: QtBot) -> Iterator[SearchField]:
    """A search field for them, without the focus."""
    field = SearchField()
    qtbot.addWidget(field)
    index = NameIndex(photos, field)
    yield field
    index.shutdown()


def enter(field: SearchField, qtbot: QtBot) -> None:
    field.show()
    field.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)


def found(columns: PhotoColumns, text: str) -> list[int]:
    return np.flatnonzero(TextSearch.of(text, {}).matches(columns)).tolist()


def test_names_are_joined_when_the_field_gets_the_focus(photos: PhotoModel, field: SearchField, qtbot: QtBot) -> None:
    assert not photos.columns.paths.can_be_searched
    enter(field, qtbot)
    qtbot.waitUntil(lambda: photos.columns.paths.can_be_searched)
    texts = photos.columns.paths.joined_names
    assert found(photos.columns, "img_000007") == [6]
    assert photos.columns.paths.joined_names is texts


def test_names_of_another_folder_are_joined_while_the_field_has_the_focus(
    photos: PhotoModel, field: SearchField, qtbot: QtBot
) -> None:
    enter(field, qtbot)
    qtbot.waitUntil(lambda: photos.columns.paths.can_be_searched)
    before = photos.columns.paths
    photos.set_rows(rows(80))
    assert photos.columns.paths is not before
    qtbot.waitUntil(lambda: photos.columns.paths.can_be_searched)
    assert found(photos.columns, "img_000077") == [76]


def test_names_that_a_scan_changed_are_joined_while_the_field_has_the_focus(
    photos: PhotoModel, field: SearchField, qtbot: QtBot
) -> None:
    enter(field, qtbot)
    qtbot.waitUntil(lambda: photos.columns.paths.can_be_searched)
    before = photos.columns.paths
    photos.set_rows(rows(50, folder="/photos/renamed"))
    assert photos.columns.paths is not before
    qtbot.waitUntil(lambda: photos.columns.paths.can_be_searched)
