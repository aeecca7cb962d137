"""Dates in the words of the person's language."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QDateTime, QLocale


def in_words(moment: datetime) -> str:
    """A date and time to the minute: "Friday, 12 June 2026, 14:03"."""
    when = QDateTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    locale = QLocale()
    day = locale.toString(when.date(), QLocale.FormatType.LongFormat)
    return f"{day}, {locale.toString(when.time(), QLocale.FormatType.ShortFormat)}"
