"""Drags with the mouse. The offscreen platform has no drags of its own, so this is their middle part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget


def drag(source: QWidget, start: QPoint, target: QWidget, end: QPoint) -> QDrag:
    """Press on one widget, move far enough, and let go over another; returns the drag the program began.

    Press and moves are real mouse events; what the window system does in between, telling the target
    that something comes, moves and is dropped, is done here.
    """
    with _window_system(target, end) as drags:
        QTest.mousePress(source, Qt.MouseButton.LeftButton, pos=start)
        distance = QApplication.startDragDistance()
        for step in range(1, 4):
            if not drags:  # from here on the window system keeps the mouse to itself, the release too
                QTest.mouseMove(source, start + QPoint(step * distance, 2))
    assert len(drags) == 1, "the mouse began no drag"
    return drags[0]


@contextmanager
def _window_system(target: QWidget, end: QPoint) -> Iterator[list[QDrag]]:
    drags: list[QDrag] = []

    def run(self: QDrag, *_actions: Qt.DropAction) -> Qt.DropAction:
        drags.append(self)
        mime, left, plain = self.mimeData(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        copy = Qt.DropAction.CopyAction
        enter = QDragEnterEvent(end, copy, mime, left, plain)
        QApplication.sendEvent(target, enter)
        move = QDragMoveEvent(end, copy, mime, left, plain)
        QApplication.sendEvent(target, move)
        if not move.isAccepted():
            return Qt.DropAction.IgnoreAction
        drop = QDropEvent(QPointF(end), copy, mime, left, plain)
        QApplication.sendEvent(target, drop)
        return copy if drop.isAccepted() else Qt.DropAction.IgnoreAction

    with patch.object(QDrag, "exec", run):
        yield drags
