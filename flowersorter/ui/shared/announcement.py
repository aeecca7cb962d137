"""Announces a text to screen readers that appears without getting the focus."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent


def announce(source: QObject, text: str) -> None:
    """Send a text to the screen reader, which reads it out after its present sentence; ignore "".

    Args:
        source: The widget that shows the text.
        text: The text.
    """
    if text:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(source, text))
