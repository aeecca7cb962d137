"""The panel below the filter button: verdict, confirmed or not, date and folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from PySide6.QtCore import QDate, QLocale, QPoint, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui.filter.filter_words import SHOWN_VERDICTS, dates_words, verdict_word
from flowersorter.ui.grid.photo_filter import DateRange, Part, PhotoFilter
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import CheckBox
from flowersorter.ui.shared.widgets import button, describe

_ANY, _FROM_TO = "any", "from - to"
_FOLDER_LETTERS = 28


class FilterPanel(QFrame):
    """Shows and changes the parts of a filter; each change counts at once. Lives in the GUI thread.

    Signals:
        narrowed(dict): New values of fields of `PhotoFilter`.
        clear_requested(): Show all photos again.
    """

    narrowed = Signal(object)
    clear_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("filter_panel")
        self.setAccessibleName(self.tr("Filters"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.verdicts = {verdict: CheckBox(verdict_word(verdict), self) for verdict in SHOWN_VERDICTS}
        for verdict, box in self.verdicts.items():
            box.setObjectName(f"filter_{verdict.name.lower()}")
            box.toggled.connect(self._on_verdict)
        self.confirmed = self._choice("filter_confirmed", self.tr("Confirmed or not"))
        for text, fields in (
            (self.tr("All"), (False, False)),
            (self.tr("Confirmed only"), (False, True)),
            (self.tr("Not confirmed"), (True, False)),
        ):
            self.confirmed.addItem(text, fields)
        self.dates = self._choice("filter_dates", self.tr("When the photos were taken"))
        self.first, self.last = self._day("filter_from", self.tr("From")), self._day("filter_to", self.tr("To"))
        self.folder = self._choice("filter_folder", self.tr("Folder of the photos"))
        self.clear = button(self, "filter_clear", self.tr("Clear filters"), self.tr("Show all photos again"))
        self.clear.clicked.connect(self.clear_requested)
        self.confirmed.activated.connect(self._on_confirmed)
        self.dates.activated.connect(self._on_dates)
        self.folder.activated.connect(self._on_folder)
        for day in (self.first, self.last):
            day.dateChanged.connect(self._on_day)
        self._span = _this_year()
        self._lay_out()

    def _choice(self, name: str, accessible_name: str) -> QComboBox:
        made = QComboBox(self)
        made.setObjectName(name)
        describe(made, accessible_name)
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        made.setMinimumContentsLength(_FOLDER_LETTERS)
        return made

    def _day(self, name: str, accessible_name: str) -> QDateEdit:
        made = QDateEdit(self)
        made.setKeyboardTracking(False)  # a half-typed date filters nothing
        made.setObjectName(name)
        describe(made, accessible_name)
        made.setCalendarPopup(True)
        return made

    def _lay_out(self) -> None:
        boxes = QGridLayout()
        boxes.setHorizontalSpacing(theme.LARGE_GAP_PX)
        for number, box in enumerate(self.verdicts.values()):
            boxes.addWidget(box, number // 2, number % 2)
        days = QHBoxLayout()
        self._days = QWidget(self)
        self._days.setLayout(days)
        days.setContentsMargins(0, 0, 0, 0)
        days.setSpacing(theme.GAP_PX)
        days.addWidget(self.first, 1)
        days.addWidget(QLabel("–", self._days))
        days.addWidget(self.last, 1)
        form = self._form = QFormLayout()
        form.setSpacing(theme.GAP_PX)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Suggestion"), boxes)
        form.addRow(self.tr("Confirmed"), self.confirmed)
        form.addRow(self.tr("Taken"), self.dates)
        form.addRow("", self._days)
        form.addRow(self.tr("Folder"), self.folder)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.LARGE_GAP_PX, theme.LARGE_GAP_PX, theme.LARGE_GAP_PX, theme.LARGE_GAP_PX)
        column.setSpacing(theme.GAP_PX)
        column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        column.addLayout(form)
        column.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignRight)

    # -- display

    def open_below(self, widget: QWidget) -> None:
        """Open below a widget, inside its window where there is room, with the keyboard in it."""
        self.adjustSize()
        window = widget.window()
        at = widget.mapToGlobal(QPoint(0, widget.height()))
        right = window.mapToGlobal(QPoint(window.width(), 0)).x() - self.width() - theme.GAP_PX
        self.move(max(window.mapToGlobal(QPoint()).x(), min(at.x(), right)), at.y())
        self.show()
        next(iter(self.verdicts.values())).setFocus()

    def offer(self, months: Sequence[tuple[DateRange, int]], folders: Mapping[str, tuple[str, int]]) -> None:
        """Offer these months with their numbers of photos, and by path these folders, each in words, with theirs."""
        with QSignalBlocker(self.dates), QSignalBlocker(self.folder):
            self.dates.clear()
            self.dates.addItem(self.tr("Any time"), _ANY)
            for month, count in months:
                self.dates.addItem(f"{dates_words(month)}  ({QLocale().toString(count)})", month)
            self.dates.addItem(self.tr("From – to"), _FROM_TO)
            self.dates.addItem(self.tr("Without a date"), DateRange())
            self.folder.clear()
            self.folder.addItem(self.tr("All folders"), "")
            for path, (words, count) in folders.items():
                self.folder.addItem(f"{words}  ({QLocale().toString(count)})", path)
        self._span = DateRange(months[-1][0].first, months[0][0].last) if months else _this_year()

    def show_filter(self, shown: PhotoFilter) -> None:
        """Show the parts of a filter."""
        for verdict, box in self.verdicts.items():
            with QSignalBlocker(box):
                box.setChecked(verdict in shown.verdicts)
        _show(self.confirmed, (shown.unchecked, shown.only_checked))
        is_range = shown.dates is not None and shown.dates != DateRange()
        keeps_range = is_range and self.dates.currentData() == _FROM_TO  # also for a whole month
        if not keeps_range and not _show(self.dates, shown.dates or _ANY):
            _show(self.dates, _FROM_TO)
        self._show_days(shown.dates)
        if not _show(self.folder, shown.folder):
            _show(self.folder, "")
        self.clear.setEnabled(any(part is not Part.TEXT for part in shown.parts))

    def _show_days(self, shown: DateRange | None) -> None:
        """Show the two days while a range is asked for."""
        dates = shown if shown is not None and shown != DateRange() else self._span
        for day, wanted in ((self.first, dates.first), (self.last, dates.last)):
            with QSignalBlocker(day):
                day.setDate(_qdate(wanted or date.today()))
        self._form.setRowVisible(self._days, self.dates.currentData() == _FROM_TO)

    # -- input

    @Slot()
    def _on_verdict(self) -> None:
        self.narrowed.emit({"verdicts": frozenset(each for each, box in self.verdicts.items() if box.isChecked())})

    @Slot()
    def _on_confirmed(self) -> None:
        unchecked, only_checked = self.confirmed.currentData()
        self.narrowed.emit({"unchecked": unchecked, "only_checked": only_checked})

    @Slot()
    def _on_dates(self) -> None:
        wanted = self.dates.currentData()
        if wanted == _FROM_TO:
            self._form.setRowVisible(self._days, True)
            self._on_day()
            self.first.setFocus()
        else:
            self.narrowed.emit({"dates": None if wanted == _ANY else wanted})

    @Slot()
    def _on_day(self) -> None:
        first, last = sorted((_date(self.first.date()), _date(self.last.date())))
        self.narrowed.emit({"dates": DateRange(first, last)})

    @Slot()
    def _on_folder(self) -> None:
        self.narrowed.emit({"folder": self.folder.currentData()})


def _show(choice: QComboBox, wanted: object) -> bool:
    """Show the entry with this data; returns whether there is one."""
    found = next((at for at in range(choice.count()) if choice.itemData(at) == wanted), -1)
    if found >= 0:
        choice.setCurrentIndex(found)
    return found >= 0


def _this_year() -> DateRange:
    """Return the days of this year up to now, for a folder without dated photos."""
    today = date.today()
    return DateRange(today.replace(month=1, day=1), today)


def _date(day: QDate) -> date:
    return date(day.year(), day.month(), day.day())


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
