"""A folder that vanishes while the window reads it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.photos.read import LoadedPhoto, read_photo
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.shared.session import MessageSink
from flowersorter.workflows.predicting import ingest
from tests.qt.program import draw_folder, idle, running


def test_its_photos_wait_no_step_is_done_and_it_is_said(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, aside, complaints = draw_folder(tmp_path / "photos", 4), tmp_path / "aside", list[Exception]()
    (folder / "broken.jpg").unlink()  # its thumbnail may be tried before the folder is gone

    def read(path: Path, *, short_side_px: int) -> LoadedPhoto:
        with suppress(FileNotFoundError):  # another thread did it
            folder.rename(aside)  # the drive is unplugged
        return read_photo(path, short_side_px=short_side_px)

    monkeypatch.setattr(ingest, "read_photo", read)
    monkeypatch.setattr(MessageSink, "complain", lambda _, error: complaints.append(error))
    with running(tmp_path / "collection", qtbot, folder) as program:
        qtbot.waitUntil(lambda: bool(complaints))
        idle(program, qtbot)
        (said,) = map(str, complaints)
        assert said.startswith(f"The folder is no longer there: {folder}. Connect its drive")
        counts, photos = program.photos.columns.counts(), len(program.photos.columns)
        assert (counts.get(PseudoClass.WAITING), counts.get(PseudoClass.UNREADABLE, 0)) == (photos, 0)
        steps = program.window.review.steps
        assert [step.icon().isNull() for step in (steps.name, steps.check, steps.sort)] == [True] * 3
        aside.rename(folder)
        monkeypatch.setattr(ingest, "read_photo", read_photo)
        program.window.actions_by_name["rescan"].trigger()
        idle(program, qtbot)
        assert not program.photos.columns.counts().get(PseudoClass.WAITING, 0)
