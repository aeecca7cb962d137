"""The cache of small pictures in the window: shown and emptied in Preferences, tidied up after a labelling."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import CACHE_MEASURED
from flowersorter.ui.preferences.preferences_dialog import PreferencesDialog
from flowersorter.ui.shared.qt_translator import CatalogTranslator
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workers.thumbnail_loader import ThumbnailLoader
from flowersorter.workers.thumbnail_pool import Wanted
from flowersorter.workflows.maintenance.cache import cache_limit_mb, cache_state, empty_cache
from tests.qt.program import draw_folder, idle, places, running, stored
from tests.stub_network import ColourNetwork

PHOTOS = 18


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        idle(program, qtbot)
        yield program


def opened(program: Program, qtbot: QtBot) -> PreferencesDialog:
    with qtbot.waitSignal(program.window.cache.counted):
        program.window.actions_by_name["preferences"].trigger()
    dialog = program.window.findChild(PreferencesDialog)
    assert dialog is not None
    return dialog


def test_preferences_say_what_there_is_and_empty_it(program: Program, qtbot: QtBot) -> None:
    dialog = opened(program, qtbot)
    assert dialog.cache.state.text().startswith(f"{PHOTOS} thumbnails for {PHOTOS} photos, ")
    assert "take another" in dialog.cache.kept.text()
    with qtbot.waitSignal(program.window.cache.counted):
        dialog.cache.empty_button.click()
        assert not dialog.cache.empty_button.isEnabled()
    assert dialog.cache.state.text() == "The cache is empty."
    assert not dialog.cache.empty_button.isEnabled()
    assert cache_state(program.collection).pictures == 0


def test_another_limit_is_kept_and_counts_at_once(program: Program, qtbot: QtBot) -> None:
    dialog = opened(program, qtbot)
    assert dialog.cache.limit.value() == cache_limit_mb(program.collection) == 4000
    for number in range(20):
        program.collection.thumbnails.put(bytes([number]) * 32, b"\xff\xd8" + b"x" * 100_000 + b"\xff\xd9")
    dialog.cache.limit.setValue(1)
    QTest.mouseClick(dialog.close_button, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    idle(program, qtbot)
    assert cache_limit_mb(program.collection) == 1
    assert cache_state(program.collection).picture_bytes <= 900_000
    # What nobody knows went first.
    assert cache_state(program.collection).pictures >= PHOTOS


def test_no_limit_can_be_chosen(program: Program, qtbot: QtBot) -> None:
    dialog = opened(program, qtbot)
    dialog.cache.limit.setValue(0)
    assert dialog.cache.limit.text() == "no limit"
    dialog.accept()
    assert cache_limit_mb(stored(program)) == 0


def test_pictures_that_are_gone_come_again_and_stay(tmp_path: Path, qtbot: QtBot) -> None:
    """The grid of the next session reads the photos themselves, once; the network sees none of them."""
    folder = draw_folder(tmp_path / "photos")
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
    with CollectionStore.open(tmp_path / "collection") as collection:
        assert cache_state(collection).pictures == PHOTOS
        empty_cache(collection, lambda _news: None, CancelToken())
    networks: list[ColourNetwork] = []

    def open_network(_backbone: Backbone, _device: str) -> ColourNetwork:
        networks.append(ColourNetwork())
        return networks[-1]

    with running(tmp_path / "collection", qtbot) as program:
        program.engine.open_network = open_network
        idle(program, qtbot)
        wanted = [program.photos.wanted(row) for row in range(PHOTOS + 1)]
        shown = [each for each in wanted if each.photo_id]
        assert len(shown) == PHOTOS
        for each in shown:
            qtbot.waitUntil(partial(_has_image, program, each))
        assert cache_state(program.collection).pictures == PHOTOS
        assert networks == []


def loaded(program: Program, wanted: Wanted) -> QImage:
    """What the pool's thread makes of a request."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ThumbnailLoader(program.collection), wanted).result()


class Recording:
    """A language that notes in which threads Qt asks for texts."""

    def __init__(self) -> None:
        self.asked_in: set[threading.Thread] = set()

    def gettext(self, message: str) -> str:
        self.asked_in.add(threading.current_thread())
        return message

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one if number == 1 else many)


def test_no_thumbnail_asks_for_a_translation_in_its_thread(program: Program, qapp: QApplication) -> None:
    """Qt's readers of pictures do, while they hold a lock: two threads then wait for one another for ever."""
    recording = Recording()
    translator = CatalogTranslator(recording)
    wanted = program.photos.wanted(program.photos.rows_of(places(program, "IMG_000_red"))[0])
    qapp.installTranslator(translator)
    try:
        qapp.translate("Context", "Text")
        image = loaded(program, wanted)
    finally:
        qapp.removeTranslator(translator)
    assert not image.isNull()
    assert recording.asked_in == {threading.main_thread()}


def test_a_damaged_thumbnail_is_made_again(program: Program) -> None:
    wanted = program.photos.wanted(program.photos.rows_of(places(program, "IMG_000_red"))[0])
    sha256 = stored(program).photos.photo(wanted.photo_id).sha256
    before, file = loaded(program, wanted), program.collection.thumbnails.path(sha256)
    sound = file.read_bytes()
    for damaged in (b"", b"no picture", sound[:30]):
        file.write_bytes(damaged)
        assert loaded(program, wanted) == before
        assert file.read_bytes() == sound


def test_a_file_that_is_another_now_is_shown_but_not_kept(program: Program, tmp_path: Path) -> None:
    place = places(program, "IMG_000_red")[0]
    row = program.photos.rows_of([place])[0]
    wanted = program.photos.wanted(row)
    sha256 = stored(program).photos.photo(wanted.photo_id).sha256
    before = loaded(program, wanted)
    program.collection.thumbnails.path(sha256).unlink()
    other = tmp_path / "photos" / "IMG_000_blue.jpg"
    wanted.path.write_bytes(other.read_bytes())
    after = loaded(program, wanted)
    assert after.pixelColor(5, 5).blue() > before.pixelColor(5, 5).blue() + 50
    assert program.collection.thumbnails.get(sha256) is None


@pytest.mark.qt_log_ignore("JPEG", extend=True)
def test_a_damaged_picture_is_made_again(program: Program) -> None:
    wanted = program.photos.wanted(program.photos.rows_of(places(program, "IMG_000_red"))[0])
    path = program.collection.thumbnails.path(stored(program).photos.photo(wanted.photo_id).sha256)
    whole = path.read_bytes()
    path.write_bytes(b"\xff\xd8 no picture at all \xff\xd9")
    assert not loaded(program, wanted).isNull()
    assert path.read_bytes() == whole


def test_after_a_labelling_it_is_tidied_up_once_a_day(program: Program, qtbot: QtBot) -> None:
    assert stored(program).settings.get(CACHE_MEASURED)["bytes"] > 0
    left = program.collection.thumbnails.path(b"\1" * 32)
    left = left.with_name(f"{left.name}.1-1.part")
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    program.window.folder.rescan()
    idle(program, qtbot)
    assert left.exists()
    stored(program).settings.set(CACHE_MEASURED, {"at": 0, "bytes": 0})
    program.window.folder.rescan()
    idle(program, qtbot)
    assert not left.exists()


def test_what_cannot_be_counted_is_said(program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_collection: CollectionStore) -> None:
        raise OSError("no such disk")

    monkeypatch.setattr("flowersorter.ui.preferences.cache_controller.cache_state", refuse)
    with qtbot.waitSignal(program.window.cache.not_counted):
        program.window.actions_by_name["preferences"].trigger()
    dialog = program.window.findChild(PreferencesDialog)
    assert dialog is not None
    assert "disk error" in dialog.cache.state.text()


def _has_image(program: Program, wanted: Wanted) -> bool:
    image: QImage | None = program.thumbnails.image(wanted)
    return image is not None
