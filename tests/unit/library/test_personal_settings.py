"""Settings of the person: read whatever is there, written whole, and none of a collection's."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.errors import UserError
from flowersorter.library.files.locations import default_collection, personal_settings_file
from flowersorter.library.files.personal_settings import (
    DARK,
    PersonalSettings,
    read_personal_settings,
    store_personal_settings,
)


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "new" / "preferences.json"
    assert read_personal_settings(file) == PersonalSettings()
    wanted = PersonalSettings("de", DARK)
    store_personal_settings(file, wanted)
    assert read_personal_settings(file) == wanted


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"language": 3, "colours": "pink"}', "\udcff"])
def test_what_cannot_be_read_gives_the_default(tmp_path: Path, text: str) -> None:
    file = tmp_path / "preferences.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_personal_settings(file) == PersonalSettings()


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="The setting was not saved"):
        store_personal_settings(tmp_path / "file" / "preferences.json", PersonalSettings("de"))


def test_they_are_those_of_every_collection() -> None:
    assert not personal_settings_file().is_relative_to(default_collection())
