"""Lets a screen reader read out a text that appears without the keyboard going there."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent


def announce(source: QObject, text: str) -> None:
    """Send a text to the screen reader, which reads it out after its present sentence; "" is none.

    Args:
        source: Shows the text.
        text: The text.
    """
    if text:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(source, text))
