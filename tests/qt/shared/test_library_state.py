"""Classes, counts and settings in memory."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pytestqt.qtbot import QtBot

from flowersorter.domain.changes import Changes
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.workflows.snapshot import store_setting
from tests.qt.program import running


def test_a_setting_that_a_job_stores_is_read_again(qtbot: QtBot, tmp_path: Path) -> None:
    with running(tmp_path / "collection", qtbot) as program:
        state = program.session.state
        assert state.stored_setting(BACKBONE) == ""
        for change, name in ((Changes.SETTINGS, "resnet18"), (Changes.MODEL, "resnet34")):
            store = partial(store_setting, program.collection, BACKBONE, name)
            with qtbot.waitSignal(state.updated):
                program.library.submit(store, changes=change)
            assert state.stored_setting(BACKBONE) == name
