"""Dates in figures have separators, whatever language the system names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from PySide6.QtCore import QLocale

from flowersorter.ui.filing.history.history_dialog import when
from flowersorter.ui.filter.filter_words import dates_words
from flowersorter.ui.grid.photo_filter import DateRange


@pytest.fixture
def named(request: pytest.FixtureRequest) -> Iterator[None]:
    """The system names this language."""
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield
    QLocale.setDefault(before)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("named", "day"), [("C", "2026-11-30"), ("de_DE", "30.11.26"), ("en_US", "11/30/26")], indirect=["named"]
)
def test_a_date_has_the_separators_of_the_language(day: str) -> None:
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert when(noon.isoformat()).startswith(f"{day}, ")
    assert dates_words(DateRange(date(2026, 11, 30), date(2026, 12, 1))).startswith(f"{day} – ")
