"""A window with three classes, for labels that come from other programs and go to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from tests.qt.program import class_named, idle, places, running_three_classes


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Four photos each of red, green and blue, and their classes; two red ones are labelled."""
    with running_three_classes(tmp_path, qtbot, "red", "green", "blue") as opened:
        opened.window.labels.assign(places(opened, "red")[:2], class_named(opened, "red"))
        idle(opened, qtbot)
        yield opened
