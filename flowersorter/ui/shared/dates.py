"""Dates in the words of the person's language."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QDateTime, QLocale


def in_words(moment: datetime, form: QLocale.FormatType = QLocale.FormatType.LongFormat) -> str:
    """A date and time to the minute: "Friday, 12 June 2026, 14:03".

    Args:
        moment: The date and time.
        form: Format of the date; the time is always short.
    """
    when = QDateTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    locale = QLocale()
    day = locale.toString(when.date(), form)
    return f"{day}, {locale.toString(when.time(), QLocale.FormatType.ShortFormat)}"


def iso_in_words(iso: str, form: QLocale.FormatType = QLocale.FormatType.LongFormat) -> str:
    """As `in_words`, for a moment in ISO 8601; any other text is returned unchanged."""
    try:
        return in_words(datetime.fromisoformat(iso), form)
    except ValueError:
        return iso
