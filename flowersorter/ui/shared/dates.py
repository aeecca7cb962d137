"""Dates in the words of the person's language."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QDate, QDateTime, QLocale, Qt


def short_day(day: QDate) -> str:
    """A date in figures as the system's language writes it; ISO 8601 where the system names no language.

    There Qt would put blanks between the figures.
    """
    locale = QLocale()
    if locale.language() is QLocale.Language.C:
        return day.toString(Qt.DateFormat.ISODate)
    return locale.toString(day, QLocale.FormatType.ShortFormat)


def in_words(moment: datetime, form: QLocale.FormatType = QLocale.FormatType.LongFormat) -> str:
    """A date and time to the minute: "Friday, 12 June 2026, 14:03".

    Args:
        moment: The date and time.
        form: Format of the date; the time is always short.
    """
    when = QDateTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    locale = QLocale()
    short = form is QLocale.FormatType.ShortFormat
    day = short_day(when.date()) if short else locale.toString(when.date(), form)
    return f"{day}, {locale.toString(when.time(), QLocale.FormatType.ShortFormat)}"


def iso_in_words(iso: str, form: QLocale.FormatType = QLocale.FormatType.LongFormat) -> str:
    """As `in_words`, for a moment in ISO 8601; any other text is returned unchanged."""
    try:
        return in_words(datetime.fromisoformat(iso), form)
    except ValueError:
        return iso
