"""Messages of the engine: English by themselves, in another language where an edge sets a translator."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter.errors import FolderUnusable, UserError
from flowersorter.messages import Text, set_translator, text, worded
from flowersorter.photos.scan import check_folder

GERMAN = {"Folder not found: {folder}": "Ordner nicht gefunden: {folder}", "Check the path": "Prüfen Sie den Pfad"}


@pytest.fixture
def german() -> Iterator[None]:
    set_translator(lambda template: GERMAN.get(template, template))
    yield
    set_translator(None)


def test_a_text_is_its_english_sentence_and_keeps_template_and_values() -> None:
    made = text("{count} photos in {folder}", count=3, folder="a{b}")
    assert made == str(made) == worded(made) == "3 photos in a{b}"
    assert (made.template, made.values) == ("{count} photos in {folder}", {"count": 3, "folder": "a{b}"})


def test_a_text_survives_pickling() -> None:
    made = pickle.loads(pickle.dumps(text("{count} photos", count=3)))
    assert isinstance(made, Text)
    assert made.values == {"count": 3}


@pytest.mark.usefixtures("german")
def test_an_error_is_worded_in_the_language_of_the_edge(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable) as raised:
        check_folder(tmp_path / "gone")
    assert str(raised.value) == f"Ordner nicht gefunden: {tmp_path / 'gone'}. Prüfen Sie den Pfad."
    assert raised.value.what == f"Folder not found: {tmp_path / 'gone'}"


@pytest.mark.usefixtures("german")
def test_a_plain_string_and_an_unknown_template_stay_english() -> None:
    assert (
        str(UserError("The disk {0} is full", text("{free} free", free="1 MB"))) == "The disk {0} is full: 1 MB free."
    )


def test_an_error_raised_before_the_translator_was_set_is_translated_too() -> None:
    error = UserError(text("Check the path"))
    set_translator(lambda template: GERMAN.get(template, template))
    try:
        assert str(error) == "Prüfen Sie den Pfad."
    finally:
        set_translator(None)
    assert str(error) == "Check the path."
