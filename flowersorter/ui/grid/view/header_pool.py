"""The headers of the grid: real widgets, made only for the sections near those in view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Signal, SignalInstance, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QWidget

from flowersorter.ui.grid.sections import Identity, Section, SectionKind
from flowersorter.ui.grid.view.section_layout import SectionLayout

#: Makes the header of a section; a `FoldingHeader` is kept up to date.
HeaderFactory = Callable[[Section, QWidget], QWidget]


@runtime_checkable
class FoldingHeader(Protocol):
    """A header whose section can be folded.

    Signals:
        fold_requested(): Show only the first line of the section, or all of it again.
    """

    @property
    def fold_requested(self) -> SignalInstance:
        """The signal."""

    def update_section(self, section: Section) -> None:
        """Show the section as it is now."""

    def show_folded(self, *, folded: bool) -> None:
        """Show whether the section is folded."""


class HeaderPool(QObject):
    """Makes, places and removes headers. Lives in the GUI thread.

    A header keeps its state while its section stays near; the one with the focus is always kept.

    Args:
        viewport: Parent of the headers.
        factory: Makes them.
        parent: The grid.

    Signals:
        entered(identity): This header got the focus.
        focus_changed(QWidget or None): This widget of a header has the focus now; None if no header has it.
        fold_requested(identity): Its button was pressed.
        more_wanted(): `place` left out headers that are near but not in view; making all at once would take long.
    """

    entered = Signal(object)
    focus_changed = Signal(object)
    fold_requested = Signal(object)
    more_wanted = Signal()

    def __init__(self, viewport: QWidget, factory: HeaderFactory, parent: QWidget) -> None:
        super().__init__(parent)
        self._viewport, self._factory, self._grid = viewport, factory, parent
        self._widgets: dict[Identity, QWidget] = {}
        self._heights: dict[SectionKind, int] = {}
        self._order: list[Identity] = []
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.more_wanted)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def set_factory(self, factory: HeaderFactory) -> None:
        """Use this factory from now on."""
        self.clear()
        self._factory = factory

    def clear(self) -> None:
        """Remove all headers, and forget how high they are."""
        for identity in list(self._widgets):
            self._remove(identity)
        self._heights.clear()

    def header(self, identity: Identity) -> QWidget | None:
        """The header of a section, None while the section is far away."""
        return self._widgets.get(identity)

    @property
    def by_section(self) -> dict[Identity, QWidget]:
        """The headers near those in view; one that is removed can still be painted until the event is over."""
        return dict(self._widgets)

    @property
    def with_keyboard(self) -> Identity | None:
        """The section whose header has the focus, None if no header has it."""
        return next((identity for identity in self._widgets if self._has_keyboard(identity)), None)

    @property
    def identities(self) -> list[Identity]:
        """The sections of the headers near those in view, from top to bottom."""
        return [identity for identity in self._order if identity in self._widgets]

    @property
    def in_order(self) -> list[QWidget]:
        """The headers near those in view, from top to bottom."""
        return [self._widgets[identity] for identity in self.identities]

    def height(self, section: Section) -> int:
        """The height of the headers of this kind of section, 0 for none."""
        if section.kind is SectionKind.ALL:
            return 0
        if section.kind not in self._heights:
            header = self._widgets.get(section.identity) or self._make(section)
            self._heights[section.kind] = header.sizeHint().height()
        return self._heights[section.kind]

    def forget_absent(self) -> None:
        """Measure headers that are not made now anew: some have more lines in another width."""
        made = {kind for kind, _ in self._widgets}
        self._heights = {kind: height for kind, height in self._heights.items() if kind in made}

    def measure(self) -> bool:
        """Measure the headers; return whether a height has changed."""
        heights: dict[SectionKind, int] = {}
        for (kind, _), header in self._widgets.items():
            heights[kind] = max(heights.get(kind, 0), header.sizeHint().height())
        changed = any(self._heights[kind] != height for kind, height in heights.items() if kind in self._heights)
        self._heights |= heights
        return changed

    def update(self, sections: Iterable[Section], is_folded: Callable[[Section], bool]) -> None:
        """Update the headers to their sections, and remove those of sections that are gone."""
        now = {section.identity: section for section in sections}
        for identity, header in list(self._widgets.items()):
            if identity in now:
                _tell(header, now[identity], folded=is_folded(now[identity]))
            else:
                self._remove(identity)

    def place(
        self, layout: SectionLayout, offset: int, is_folded: Callable[[Section], bool], shifts: dict[Identity, int]
    ) -> None:
        """Place the headers; the topmost one stays in view as long as its section is.

        Args:
            layout: The positions of sections and photos.
            offset: y of the upper edge of the view.
            is_folded: Whether a section shows one line only.
            shifts: Present offset in y at which a section is drawn.
        """
        width, height = self._viewport.width(), self._viewport.height()
        numbers = layout.sections_between(offset - height, offset + 2 * height)
        near = range(max(0, numbers.start - 1), min(len(layout.sections), numbers.stop + 1))
        wanted = [number for number in near if layout.header_height(number)]
        wanted = self._without_most_missing(wanted, layout, layout.sections_between(offset, offset + height))
        order = [layout.sections[number].identity for number in wanted]
        for identity in [each for each in self._widgets if each not in order]:
            number = layout.number_of(identity)
            if number < 0 or not self._has_keyboard(identity):
                self._remove(identity)
            else:
                wanted.append(number)
        for number in wanted:
            section = layout.sections[number]
            header = self._widgets.get(section.identity)
            if header is None:
                header = self._make(section)
            high, top = layout.header_height(number), layout.top(number) - offset
            stuck = max(top, min(0, layout.bottom(number) - offset - high))
            header.setGeometry(QRect(0, stuck + shifts.get(section.identity, 0), width, high))
            if not header.isVisibleTo(self._viewport):
                _tell(header, section, folded=is_folded(section))
                header.show()
            if stuck != top:
                header.raise_()
        if order != self._order:
            self._order = order
            self._set_tab_order()

    def _without_most_missing(self, wanted: list[int], layout: SectionLayout, in_view: range) -> list[int]:
        """Leave the headers for later that are not made yet and not in view, but for one."""
        missing = [at for at in wanted if at not in in_view and layout.sections[at].identity not in self._widgets]
        if len(missing) > 1:
            self._later.start()
        return [at for at in wanted if at not in missing[1:]]

    def release(self) -> None:
        """Make no more headers, and stop following the focus."""
        self._later.stop()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.disconnect(self._on_focus)

    def _make(self, section: Section) -> QWidget:
        header = self._factory(section, self._viewport)
        header.setAutoFillBackground(True)
        header.setBackgroundRole(QPalette.ColorRole.Window)  # a band on the ground of the photos
        if isinstance(header, FoldingHeader):
            header.fold_requested.connect(self._on_fold)
        header.hide()
        self._widgets[section.identity] = header
        return header

    def _remove(self, identity: Identity) -> None:
        if self._has_keyboard(identity):
            self._grid.setFocus()  # else, once hidden, another header gets the focus and is scrolled to
        header = self._widgets.pop(identity)
        header.hide()
        header.deleteLater()

    def _has_keyboard(self, identity: Identity) -> bool:
        focus = QApplication.focusWidget()
        header = self._widgets[identity]
        return focus is not None and (header is focus or header.isAncestorOf(focus))

    def _set_tab_order(self) -> None:
        """Let Tab go from the photos through the headers from top to bottom."""
        before = self._grid
        for identity in self._order:
            for widget in _in_tab_order(self._widgets[identity]):
                QWidget.setTabOrder(before, widget)
                before = widget

    @Slot()
    def _on_fold(self) -> None:
        header = self.sender()
        for identity, each in self._widgets.items():
            if each is header:
                self.fold_requested.emit(identity)
                return

    @Slot("QWidget*", "QWidget*")
    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        identity = self.with_keyboard if now is not None and self._viewport.isAncestorOf(now) else None
        self.focus_changed.emit(now if identity is not None else None)
        if identity is not None:
            self.entered.emit(identity)


def _tell(header: QWidget, section: Section, *, folded: bool) -> None:
    if isinstance(header, FoldingHeader):
        header.update_section(section)
        header.show_folded(folded=folded)


def _in_tab_order(header: QWidget) -> list[QWidget]:
    """Return the focusable widgets of a header, in the order of creation.

    `nextInFocusChain` is not used: PySide would tie the life of the widgets it returns, such as the viewport, to the
    header's.
    """
    widgets = [header, *header.findChildren(QWidget)]
    return [widget for widget in widgets if widget.focusPolicy() != Qt.FocusPolicy.NoFocus]
