"""Settings and where things are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowersorter.library.database.connection import Database
from flowersorter.library.files.locations import default_collection, resource
from flowersorter.library.tables import settings as settings_list
from flowersorter.library.tables.settings import Setting, Settings


@pytest.mark.parametrize("value", ["text", "half\udcff", 3, 2.5, True, [1, "two"], {"a": [None]}])
def test_a_setting_comes_back_as_it_was(database: Database, value: Any) -> None:
    settings = Settings(database)
    setting = Setting[Any]("key", type(value)())
    settings.set(setting, "something before")
    settings.set(setting, value)
    assert settings.get(setting) == value


def test_what_is_there_already_is_not_written_again(database: Database) -> None:
    """So a session that only looked changes nothing, and the next one makes no backup."""
    settings, window = Settings(database), Setting[dict[str, list[int]]]("window", {})
    settings.set(window, {"size": [800, 600]})
    before = database.query("SELECT total_changes() AS count")[0]["count"]
    settings.set(window, {"size": [800, 600]})
    assert database.query("SELECT total_changes() AS count")[0]["count"] == before
    settings.set(window, {"size": [800, 601]})
    assert settings.get(window) == {"size": [800, 601]}


@pytest.mark.parametrize(
    ("stored", "default"),
    [("text", 1), (True, 1), (1, True), (1.5, 1), ([1], {}), (None, "text"), ({}, [])],
)
def test_a_value_of_another_type_gives_the_default(database: Database, stored: Any, default: Any) -> None:
    settings = Settings(database)
    settings.set(Setting[Any]("key", None), stored)
    assert settings.get(Setting("key", default)) == default


def test_a_whole_number_is_a_number(database: Database) -> None:
    settings, setting = Settings(database), Setting("zoom", 1.5)
    settings.set(setting, 2)
    zoom = settings.get(setting)
    assert (zoom, type(zoom)) == (2.0, float)


def test_what_is_not_there_or_not_json_gives_the_default(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO settings VALUES ('broken', '{')")
    settings = Settings(database)
    assert settings.get(Setting("broken", 7)) == 7
    assert settings.get(Setting("unknown", "default")) == "default"


def test_a_default_is_not_changed_through_the_value_that_was_read(database: Database) -> None:
    folders = Setting[list[str]]("recent folders", [])
    Settings(database).get(folders).append("/photos")
    assert Settings(database).get(folders) == []


def test_no_two_settings_share_a_name_and_their_names_stay() -> None:
    """A name that changes loses what every collection has stored under the old one."""
    listed = [each for each in vars(settings_list).values() if isinstance(each, Setting)]
    assert sorted(setting.key for setting in listed) == [
        "automatic models", "backbone", "cache measured", "cache_limit_mb", "deep training pace",
        "deleted classes", "device", "export folder", "folder", "grouping", "inspector",
        "keep watching", "kept sidecars", "learning paused", "move sorted copies", "networks trained", "order",
        "recent folders", "roots", "scan options", "sides", "sort choices", "sort patterns",
        "stack look-alike shots", "sure_promise", "taken labels", "tile size", "verify rate", "window",
        "write keywords",
    ]  # fmt: skip


def test_what_json_cannot_hold_is_a_mistake_of_the_caller(database: Database) -> None:
    with pytest.raises(TypeError):
        Settings(database).set(Setting[object]("key", ""), object())


def test_the_collection_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWERSORTER_COLLECTION", str(tmp_path / "mine"))
    assert default_collection() == tmp_path / "mine"
    monkeypatch.setenv("FLOWERSORTER_COLLECTION", "")
    assert default_collection().name == "collection"
    assert default_collection().is_absolute()


def test_resources_are_found_beside_the_package_and_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resource("icons").name == "icons"
    package = tmp_path / "site" / "flowersorter"
    package.mkdir(parents=True)
    monkeypatch.setattr("importlib.resources.files", lambda name: package)
    assert resource("starter/a.safetensors") == tmp_path / "site" / "resources" / "starter" / "a.safetensors"
    (package / "resources").mkdir()
    assert resource("starter/a.safetensors") == package / "resources" / "starter" / "a.safetensors"
