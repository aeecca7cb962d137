"""The line above the grid: title, number of photos, sections, order and thumbnail size."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from flowersorter.ui.filter.search_field import SearchField
from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.grid.photo_grid import LARGEST_PX, SMALLEST_PX, ZOOM_STEP_PX
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.choice_box import ChoiceBox
from flowersorter.ui.shared.widgets import ShortenedLabel, describe

NARROW_PX = 740
_TEXT_GAP_PX = 12  # around the text of a button with an icon
#: Least width of the title, and its width where the line has no room even for the shortest form.
_TITLE_PX, _TIGHT_TITLE_PX = 80, 24
_TITLE_LETTERS = 14
TIGHT_PX = 440  # below that the wheel zooms
#: Every style shows a checked tool button only a shade darker; this frame shows on light and dark, also without text.
_ON_FRAME = "QToolButton:checked { border: 2px solid palette(highlight); border-radius: 4px; padding: 2px; }"


class GridHeader(QWidget):
    """Title, number of photos, search, sections, order and zoom.

    Args:
        hide_confirmed: Hides confirmed photos, while it is checked.
        find: Starts the search; a narrow line has its button in place of the field.
        parent: The window.

    Signals:
        grouping_chosen(Grouping): Divide into sections by this.
        order_chosen(Order): Order by this.
        size_chosen(int): Show photos of this size, in pixels.
        back_requested(): Show the whole folder again.
        text_searched(str): Show photos with these words.
        filters_requested(): Let the person choose filters.
        clear_requested(): Show the photos that filters hide.
    """

    grouping_chosen = Signal(object)
    order_chosen = Signal(object)
    size_chosen = Signal(int)
    back_requested = Signal()
    text_searched = Signal(str)
    filters_requested = Signal()
    clear_requested = Signal()

    def __init__(self, hide_confirmed: QAction, find: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("grid_header")
        self._narrow = False
        self._photos = 0
        self.title = ShortenedLabel(self)
        self.title.setObjectName("grid_title")
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setBold(True)
        self.title.setFont(font)
        self.title.setMinimumWidth(_TITLE_PX)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.count = QLabel(self)
        self.count.setObjectName("grid_count")
        self.count.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.back = QPushButton(self.tr("Show all"), self)
        self.back.setObjectName("show_all_button")
        self.back.setAccessibleName(self.tr("Show all photos again"))
        self.search = SearchField(self)
        self.search_button = QToolButton(self)
        self.search_button.setDefaultAction(find)
        self.search_button.setObjectName("search_button")
        self.unchecked = QToolButton(self)
        self.unchecked.setDefaultAction(hide_confirmed)
        self.unchecked.setObjectName("hide_confirmed_button")
        self.unchecked.setStyleSheet(_ON_FRAME)
        self.unchecked.setAccessibleName(self.tr("Hide confirmed photos"))
        self.unchecked.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._text_button_px = self.unchecked.sizeHint().width()
        self._add_filters()
        self._add_choices()
        self.zoom = QSlider(Qt.Orientation.Horizontal, self)
        self.zoom.setObjectName("zoom")
        self.zoom.setAccessibleName(self.tr("Thumbnail size"))
        self.zoom.setToolTip(self.tr("Thumbnail size (Ctrl + wheel)"))
        self.zoom.setRange(SMALLEST_PX, LARGEST_PX)
        self.zoom.setSingleStep(ZOOM_STEP_PX)
        self.zoom.setPageStep(2 * ZOOM_STEP_PX)
        self.zoom.setMinimumWidth(60)
        self.zoom.setMaximumWidth(120)
        self._lay_out()
        self.grouping.activated.connect(self._on_grouping)
        self.order.activated.connect(self._on_order)
        self.zoom.valueChanged.connect(self.size_chosen)
        self.back.clicked.connect(self.back_requested)
        self.search.textChanged.connect(self.text_searched)
        self.filters.clicked.connect(self._on_filters)
        self.clear.clicked.connect(self.clear_requested)
        self.search.textChanged.connect(self._hide_search)
        self.search.left.connect(self._hide_search)

    def _add_filters(self) -> None:
        self._filters: tuple[str, ...] = ()
        self.filters = QToolButton(self)
        self.filters.setObjectName("filter_button")
        self.filters.setIcon(theme.icon("filter"))
        self.filters.setAutoRaise(True)
        self.filters.setCheckable(True)  # while filters hide photos
        self.filters.setFixedHeight(self.search_button.sizeHint().height())  # with its frame, too
        self.filters.setStyleSheet(_ON_FRAME)
        self.clear = QToolButton(self)
        self.clear.setObjectName("clear_filters_button")
        self.clear.setText(self.tr("Clear"))
        describe(self.clear, self.tr("Clear filters"), self.tr("Show the photos that filters hide"))

    def _add_choices(self) -> None:
        self.grouping = ChoiceBox("grouping", self.tr("Group by"), theme.icon("groups"), self)
        for text, short, grouping in (
            (self.tr("Not grouped"), self.tr("All"), Grouping.NONE),
            (self.tr("By likeness"), self.tr("Likeness"), Grouping.LIKENESS),
            (self.tr("By class"), self.tr("Class"), Grouping.CLASS),
            (self.tr("By day"), self.tr("Day"), Grouping.DAY),
            (self.tr("By folder"), self.tr("Folder"), Grouping.FOLDER),
        ):
            self.grouping.add_choice(text, short, grouping)
        self.order = ChoiceBox("order", self.tr("Sort order"), theme.icon("order"), self)
        for text, short, order in (
            (self.tr("By name"), self.tr("Names"), Order.NAME),
            (self.tr("By date taken"), self.tr("Date"), Order.DATE),
            (self.tr("Most helpful first"), self.tr("Helpful"), Order.MOST_HELPFUL),
            (self.tr("Least certain first"), self.tr("Doubt"), Order.LEAST_SURE),
            (self.tr("Most like the selected"), self.tr("Alike"), Order.LIKENESS),
        ):
            self.order.add_choice(text, short, order)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(self.title, 1)
        row.addWidget(self.count)
        row.addWidget(self.back)
        row.addSpacing(4)
        row.addWidget(self.search)
        row.addWidget(self.search_button)
        row.addWidget(self.filters)
        row.addWidget(self.clear)
        row.addWidget(self.unchecked)
        row.addWidget(self.grouping)
        row.addWidget(self.order)
        row.addWidget(self.zoom)

    def minimumSizeHint(self) -> QSize:
        """Return the width of the narrowest form: with the present one, a narrow window would lose its sides first."""
        row = self.layout()
        assert row is not None
        edges = row.contentsMargins()
        icon_only = self.unchecked.sizeHint().height()
        search = self.search.minimumWidth() if self._searches else self.search_button.sizeHint().width()
        count = self.count.fontMetrics().horizontalAdvance(str(self._photos))
        choices = sum(choice.forms_px[0] for choice in (self.grouping, self.order))
        parts = [_TITLE_PX, count, search, icon_only, choices]
        if not self.back.isHidden():
            parts.append(self.back.sizeHint().width())
        width = sum(parts) + (len(parts) + 2) * row.spacing() + edges.left() + edges.right()
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the parts to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Hide or shorten parts on a narrow line."""
        back_px = 0 if self.back.isHidden() else self.back.sizeHint().width()
        self._narrow = self.width() < max(NARROW_PX, self._roomy_px()) + back_px
        style = Qt.ToolButtonStyle
        self.unchecked.setToolButtonStyle(style.ToolButtonIconOnly if self._narrow else style.ToolButtonTextBesideIcon)
        self._show_count()
        self.back.setText(self.tr("Show all"))
        room_px = self.width() - self.minimumSizeHint().width()
        is_tight = room_px < 0
        if is_tight:
            self.back.setText(self.tr("All"))  # the room is for the title
        text_px = self.back.fontMetrics().horizontalAdvance(self.back.text())
        self.back.setMaximumWidth(text_px + 2 * _TEXT_GAP_PX if is_tight else self.back.sizeHint().width())
        row = self.layout()
        assert row is not None
        gap_px = row.spacing()
        hides_count = is_tight or (self._narrow and room_px < self._title_px - _TITLE_PX)
        if hides_count and not is_tight:
            room_px += self.count.sizeHint().width() + gap_px
        self.count.setHidden(hides_count)
        room_px = self._fit_choices(room_px)
        self.title.setMinimumWidth(_TIGHT_TITLE_PX if is_tight else _TITLE_PX)
        # Parts hidden here are also in the filter panel, and have keys.
        for part, needed_px, wanted in (
            (self.clear, self.clear.sizeHint().width(), bool(self._filters)),
            (self.unchecked, self.unchecked.sizeHint().height(), True),
            (self.zoom, self.zoom.minimumWidth(), self.width() >= TIGHT_PX),
        ):
            fits = wanted and room_px >= needed_px + gap_px
            part.setVisible(fits)
            room_px -= (needed_px + gap_px) * fits
        self._show_filter_count(room_px if self._narrow else self.width())
        self._hide_search()

    def _fit_choices(self, room_px: int) -> int:
        """Show the choices with their texts, short texts or icons; return the room that is left on a narrow line."""
        choices = (self.grouping, self.order)
        if not self._narrow:
            for choice in choices:
                choice.setMaximumWidth(max(choice.sizeHint().width(), choice.forms_px[-1]))
            return room_px
        widths = [choice.forms_px[0] for choice in choices]
        room_px -= min(max(0, self._title_px - _TITLE_PX), max(0, room_px))  # the title comes before any text of these
        for form in (1, 2):
            for at, choice in enumerate(choices):
                more_px = choice.forms_px[form] - widths[at]
                if more_px <= room_px:
                    widths[at] += more_px
                    room_px -= more_px
        for choice, width in zip(choices, widths, strict=True):
            choice.setMaximumWidth(width)
        return room_px

    @property
    def _title_px(self) -> int:
        """Width of the title, of a long one that of its beginning."""
        letters_px = self.title.fontMetrics().averageCharWidth() * _TITLE_LETTERS
        return min(self.title.sizeHint().width(), letters_px)

    def _roomy_px(self) -> int:
        """Width of the line with all its texts, which are longer in other languages."""
        row = self.layout()
        assert row is not None
        parts = [
            _TITLE_PX,
            self.count.fontMetrics().horizontalAdvance(self._count_words()),
            self.search.minimumWidth(),
            self._text_button_px,
            self.unchecked.sizeHint().height(),
            self.filters.fontMetrics().horizontalAdvance(self._filter_words()) + _TEXT_GAP_PX if self._filters else 0,
            self.clear.sizeHint().width() if self._filters else 0,
            self.grouping.sizeHint().width(),
            self.order.sizeHint().width(),
            self.zoom.minimumWidth(),
        ]
        edges = row.contentsMargins()
        return sum(parts) + (len(parts) + 1) * row.spacing() + edges.left() + edges.right()

    def changeEvent(self, event: QEvent) -> None:
        """Set the style sheet again: it keeps the colours of the palette it was parsed with."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.unchecked.setStyleSheet(_ON_FRAME)
            self.filters.setStyleSheet(_ON_FRAME)

    @Slot()
    def start_search(self) -> None:
        """Show the search field and focus it."""
        self.search.show()
        self.search_button.hide()
        self.search.setFocus()
        self.search.selectAll()

    @property
    def _searches(self) -> bool:
        return self.search.hasFocus() or bool(self.search.text())

    @Slot()
    def _hide_search(self) -> None:
        """Hide the search field on a narrow line when it is left; its button stays."""
        shown = not self._narrow or self._searches
        self.search.setVisible(shown)
        self.search_button.setVisible(not shown)

    def _show_count(self) -> None:
        """Show the number of photos, without words on a narrow line."""
        words = self._count_words()
        self.count.setText(str(self._photos) if self._narrow else words)
        self.count.setAccessibleName(words)

    def _count_words(self) -> str:
        return self.tr("1 photo") if self._photos == 1 else self.tr("{0} photos").format(self._photos)

    def show_filters(self, words: Sequence[str]) -> None:
        """Show the active filters, each in words."""
        self._filters = tuple(words)
        self._fit()

    def show_search(self, text: str) -> None:
        """Show the search words; keep a space that the person just typed at the end."""
        if self.search.text().strip() != text:
            self.search.setText(text)

    def _filter_words(self) -> str:
        count = len(self._filters)
        return self.tr("1 filter") if count == 1 else self.tr("{0} filters").format(count)

    def _show_filter_count(self, room_px: int) -> None:
        """Show the number of filters, with words if there is room; a frame marks that there are any."""
        count, words = len(self._filters), self._filter_words()
        width = self.filters.fontMetrics().horizontalAdvance
        texts = (words, str(count)) if count else ()
        text = next((each for each in texts if width(each) + _TEXT_GAP_PX <= room_px), "")
        style = Qt.ToolButtonStyle
        self.filters.setText(text)
        self.filters.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
        self.filters.setChecked(count > 0)
        name = f"{words}: {' · '.join(self._filters)}" if count else self.tr("Filters")
        describe(self.filters, name, name if count else self.tr("Show photos by suggestion, date or folder only"))

    def show_title(self, title: str, count: int, *, can_go_back: bool) -> None:
        """Show the title and the number of photos."""
        self.title.setText(title)
        self.title.setToolTip(title)
        self._photos = count
        self.back.setVisible(can_go_back)
        self._fit()

    def show_grouping(self, grouping: Grouping) -> None:
        """Show the grouping."""
        self.grouping.setCurrentIndex(self.grouping.findData(grouping))
        self._fit()

    def show_order(self, order: Order | None) -> None:
        """Show the order; None for the order of likeness."""
        self.order.setPlaceholderText(self.tr("By likeness"))
        self.order.setCurrentIndex(self.order.findData(order) if order is not None else -1)
        self._fit()

    @Slot(int)
    def show_size(self, size_px: int) -> None:
        """Show the size."""
        self.zoom.blockSignals(True)
        self.zoom.setValue(size_px)
        self.zoom.blockSignals(False)

    @Slot()
    def _on_filters(self) -> None:
        self.filters.setChecked(bool(self._filters))
        self.filters_requested.emit()

    @Slot(int)
    def _on_grouping(self, number: int) -> None:
        self._fit()
        self.grouping_chosen.emit(Grouping(self.grouping.itemData(number)))

    @Slot(int)
    def _on_order(self, number: int) -> None:
        self._fit()
        self.order_chosen.emit(Order(self.order.itemData(number)))
