"""The headers for screen readers, also for a reader that asks about headers of before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.grid.view.header_group import HeaderGroup
from tests.qt.accessible import interface


def test_a_header_of_before_is_none(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    header = QLabel("roses, sure", parent)
    headers = interface(HeaderGroup(cast(Any, SimpleNamespace(headers=[header])), parent))
    assert headers.childCount() == 1
    assert headers.child(0).object() is header
    assert [headers.child(index) for index in (-1, 1, 99)] == [None] * 3
