"""The inspector: the selected photo, its suggestion with the most similar confirmed photos, and its file facts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QImage, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict
from flowersorter.messages import worded
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.grid.photo_state import (
    PhotoFacts,
    PhotoState,
    Suggestion,
    has_percentages,
    state_of,
    title,
    verdict_sentence,
)
from flowersorter.ui.inspector.exif_facts import Facts
from flowersorter.ui.inspector.neighbour_strip import NeighbourStrip
from flowersorter.ui.inspector.photo_view import PhotoView
from flowersorter.ui.inspector.prediction_bars import PredictionBars
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.icon_label import IconLabel
from flowersorter.ui.shared.widgets import count_photos, describe
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_loader import large_image
from flowersorter.workers.thumbnail_pool import Wanted

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.predicting.photo_details import PhotoDetails

LARGE_PX, MARGIN_PX = 1024, 12
#: Sizes of the class beside the usual letters, the largest that has room is taken.
HEADLINE_SCALES = (1.35, 1.15, 1.0, 0.85)


class Inspector(QScrollArea):
    """Shows one photo; loads it and its details off the GUI thread.

    Signals:
        preview_requested(): The person clicked the photo.
        show_in_folder_requested(Path): Open the folder of this file.
        class_chosen(class id): The person clicked the right class among the suggestions.
        place_chosen(Path): The person clicked a photo that looks alike.
    """

    preview_requested = Signal()
    show_in_folder_requested = Signal(object)
    class_chosen = Signal(int)
    place_chosen = Signal(object)

    def __init__(self, engine: Engine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAccessibleName(self.tr("Selected photo"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setMinimumWidth(220)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._engine = engine
        self._classes: Mapping[int, ClassLook] = {}
        self._place_id = 0
        self._photo_id: int | None = None  # of the picture that is shown or being loaded; None if it cannot be shown
        self._path: Path | None = None
        self._shown = PhotoFacts()  # as the grid shows it
        self._unshown = ""  # why the picture of a photo that was read before cannot be shown
        self._large, self._details = LatestOnly(self), LatestOnly(self)
        self._build()
        self._large.loaded.connect(self._on_image)
        self._large.failed.connect(self._on_image_failed)
        self._details.loaded.connect(self._on_details)
        self._details.failed.connect(self._on_details_failed)
        self.show_nothing()

    def _build(self) -> None:
        page = QWidget(self)
        page.setObjectName("inspector_page")
        self.photo = PhotoView(page)
        self.stack = QLabel(page)
        self.stack.setObjectName("inspector_stack")
        self.stack.setWordWrap(True)
        self.stack.hide()
        self.headline = QLabel(page)
        self.headline.setObjectName("inspector_class")
        self.headline.setWordWrap(True)
        self.headline.setMinimumWidth(1)  # else a long word would push all parts out of view
        self.mark = IconLabel(16, page)
        self.verdict = QLabel(page)
        self.verdict.setObjectName("inspector_verdict")
        self.verdict.setWordWrap(True)
        self.likeness = QLabel(page)
        self.likeness.setObjectName("inspector_looks_like")
        self.likeness.setTextFormat(Qt.TextFormat.PlainText)
        self.likeness.setWordWrap(True)
        self.likeness.setToolTip(self.tr("Closest everyday object the network knows"))
        self.if_known = QLabel(self.tr("If it shows one of your classes:"), page)
        self.if_known.setObjectName("inspector_if_known")
        self.if_known.setWordWrap(True)
        self.predictions = PredictionBars(page)
        self.why = NeighbourStrip(page)
        self.facts = Facts(page)
        self.folder_button = QPushButton(theme.icon("open-folder"), self.tr("Show in folder"), page)
        self.folder_button.setObjectName("show_in_folder")
        opens_folder = self.tr("Show the photo in its folder")
        describe(self.folder_button, opens_folder, opens_folder)
        self._lay_out(page)
        self.setWidget(page)
        self.photo.clicked.connect(self.preview_requested)
        self.predictions.chosen.connect(self.class_chosen)
        self.why.chosen.connect(self.place_chosen)
        self.folder_button.clicked.connect(self._on_folder_button)

    def _lay_out(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.setSpacing(6)
        column.addWidget(self.photo)
        column.addWidget(self.stack)
        column.addSpacing(6)
        column.addWidget(self.headline)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.verdict, 1)
        column.addLayout(line)
        column.addWidget(self.likeness)
        column.addSpacing(8)
        column.addWidget(self.if_known)
        column.addWidget(self.predictions)
        column.addWidget(self.why)
        column.addWidget(self.facts)
        column.addSpacing(4)
        column.addWidget(self.folder_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Size the photo and its neighbours for the width beside a scroll bar, visible or not."""
        super().resizeEvent(event)
        self.photo.set_room(self._room_px)
        self.why.set_room(self._room_px)
        self._fit_folder_button(self._room_px)
        self._fit_headline()

    @property
    def _room_px(self) -> int:
        return self.width() - 2 * MARGIN_PX - self.verticalScrollBar().sizeHint().width()

    def _fit_headline(self) -> None:
        """Write the class in large letters, in smaller ones where a word has no room."""
        font = self.font()
        font.setBold(True)
        for scale in HEADLINE_SCALES:
            font.setPointSizeF(self.font().pointSizeF() * scale)
            width = QFontMetrics(font).horizontalAdvance
            if all(width(word) <= self._room_px for word in self.headline.text().split()):
                break
        self.headline.setFont(font)

    def _fit_folder_button(self, room_px: int) -> None:
        """Show the text of the button, or its icon alone where the text has no room."""
        self.folder_button.setText(self.tr("Show in folder"))
        if self.folder_button.sizeHint().width() > room_px:
            self.folder_button.setText("")

    # -- display

    def set_classes(self, classes: Mapping[int, ClassLook]) -> None:
        """Use these names and colours."""
        self._classes = classes

    def show_nothing(self, count: int = 0, *, has_photos: bool = False) -> None:
        """Clear the inspector: no photo, or several, are selected."""
        self._forget()
        self.photo.clear(theme.icon("photo"))
        if count > 1:
            self._say(self.tr("{0} photos selected").format(count))
            self.verdict.setText(self.tr("Drag onto a class, or press / and type its name."))
        else:
            self._say("")
            self.verdict.setText(self.tr("Select a photo to see its suggestion.") if has_photos else "")
        self.mark.hide()
        parts = (self.stack, self.likeness, self.if_known, self.predictions, self.why, self.facts, self.folder_button)
        for part in parts:
            part.hide()

    def show_stack(self, count: int) -> None:
        """Show that the photo is in front of a stack of this size, all of it selected; 1 for no stack."""
        text = self.tr("{0} that look alike are selected. Each action reaches all of them.").format(count_photos(count))
        self.stack.setText(text)
        self.stack.setVisible(count > 1)

    def show_place(
        self, wanted: Wanted, thumbnail: QImage | None, error: str | None, shown: PhotoFacts | None = None
    ) -> None:
        """Show this photo: thumbnail and error at once, the rest when it is loaded.

        Args:
            wanted: The photo.
            thumbnail: Its thumbnail; None while there is none.
            error: Why it is unreadable, or its thumbnail cannot be made; None if neither is so.
            shown: Its facts as the grid shows them, with the suggestion from its preview while it is not read yet.
        """
        place_id, path = wanted.place_id, wanted.path
        self._shown, self._unshown = shown or PhotoFacts(), ""
        another = place_id != self._place_id
        self._place_id, self._path = place_id, path
        self.folder_button.show()
        if error is not None:
            self._show_unreadable(error)
        elif another or wanted.photo_id != self._photo_id:
            self._photo_id = wanted.photo_id
            self.photo.show_image(thumbnail)
            self._large.request(place_id, lambda: large_image(path, LARGE_PX))
        if another:
            self._say("")
            self.verdict.setText("")
            self.mark.hide()
            self.likeness.hide()
            self.if_known.hide()
            self.predictions.hide()
            self.why.hide()
            self.facts.show_path(path)
        engine = self._engine
        self._details.request(place_id, lambda: _details(engine, place_id))

    def shutdown(self) -> None:
        """Wait for the running load."""
        self._large.shutdown()
        self._details.shutdown()
        self.why.shutdown()

    def _forget(self) -> None:
        self._place_id, self._photo_id, self._path = 0, None, None
        self._large.forget()
        self._details.forget()

    def _show_unreadable(self, error: str) -> None:
        self._photo_id = None
        self._large.forget()
        self.photo.clear(theme.icon("unreadable"))
        self._say(self.tr("Unreadable"))
        self._unshown = error
        self.verdict.setText(f"{error[:1].upper()}{error[1:]}.")

    def _show_left(self, error: str) -> None:
        """Say what becomes of a file that cannot be read and has no class."""
        stays = self.tr(
            "It will be left where it is, unless you give it a class by hand. Try another program, or restore it from "
            "a backup."
        )
        self.verdict.setText(f"{error[:1].upper()}{error[1:]}. {stays}")

    def _show_unshown(self, error: str) -> None:
        """Say that a photo that was read before has no picture now: that changes nothing else about it."""
        self._photo_id = None  # to be tried again
        self.photo.clear(theme.icon("unreadable"))
        if self._shown.error and not self._shown.label:
            self._say(self.tr("Unreadable"))  # as its tile does
            self.mark.hide()
        text = self.tr(
            "Its picture cannot be shown now: {0}. Its class or suggestion stays. “Rescan folder” tries again."
        )
        self.verdict.setText(text.format(error))

    def _show_labelled_file(self, error: str, label: Label) -> None:
        """Say how an unreadable file with a class is treated."""
        look = self._classes.get(label.class_id)
        self._say(look.name if look is not None else "")
        sorted_by_hand = self.tr("It is sorted with its class, but not used for training.")
        self.verdict.setText(f"{error[:1].upper()}{error[1:]}. {sorted_by_hand}")
        self.mark.show_icon(lambda: theme.CONFIRMED.icon)
        self.mark.show()

    def _say(self, headline: str) -> None:
        self.headline.setText(headline)
        self._fit_headline()
        self.headline.setVisible(bool(headline))

    # -- loaded details

    @Slot(object, object)
    def _on_image(self, place_id: int, image: QImage) -> None:
        if place_id == self._place_id:
            self.photo.show_image(image)

    @Slot(object, object)
    def _on_image_failed(self, place_id: int, error: Exception) -> None:
        if place_id == self._place_id:
            self._unshown = worded(getattr(error, "why", "")) or str(error)
            self._show_unshown(self._unshown)

    @Slot(object, object)
    def _on_details(self, place_id: int, known: PhotoDetails) -> None:
        if place_id != self._place_id:
            return
        if known.place.error is not None:
            self._show_unreadable(worded(known.place.error))
            self._show_left(worded(known.place.error))
            if known.label is not None:
                self._show_labelled_file(worded(known.place.error), known.label)
        photo = self._facts(known)
        if known.place.error is None:
            self._show_verdict(photo)
            if self._unshown:
                self._show_unshown(self._unshown)
        self._show_likeness(known)
        shown = [(class_id, p) for class_id, p in known.top if class_id in self._classes]
        right = known.label.class_id if known.label is not None else 0
        self.predictions.show_predictions(shown, self._classes, right, percentages=has_percentages(photo) or right > 0)
        self.if_known.setVisible(bool(shown) and state_of(photo) is PhotoState.UNKNOWN)
        self.why.show_neighbours(known.neighbours, self._classes)
        self.facts.show_facts(known)

    @Slot(object, object)
    def _on_details_failed(self, place_id: int, error: Exception) -> None:
        if place_id == self._place_id:
            self.verdict.setText(str(error))

    def _show_verdict(self, photo: PhotoFacts) -> None:
        state = state_of(photo)
        self._say(title(photo))
        self.verdict.setText(verdict_sentence(photo))
        self.mark.setVisible(state is not PhotoState.WAITING)
        self.mark.show_icon(lambda: theme.state_style(state).icon)

    def _facts(self, known: PhotoDetails) -> PhotoFacts:
        names = {class_id: look.name for class_id, look in self._classes.items()}
        return PhotoFacts(
            verdict=known.verdict,
            suggestions=tuple(Suggestion(names[class_id], p) for class_id, p in known.top if class_id in names),
            caveat=known.caveat,
            label=names.get(known.label.class_id, "") if known.label is not None else "",
            by_person=known.label is not None and known.label.origin is LabelOrigin.PERSON,
            not_mine=known.answers.mark is Mark.NOT_MINE,
            all_rejected=known.verdict is Verdict.UNKNOWN and not known.top,
            error=worded(known.place.error or ""),
            provisional=self._shown.provisional,
            provisional_likely=self._shown.provisional_likely,
            left_out=self._shown.left_out,
        )

    def _show_likeness(self, known: PhotoDetails) -> None:
        """Show the closest ImageNet object and how many photos are unknown with it, unless the photo is labelled."""
        lines = []
        if known.looks_like:
            lines.append(self.tr("Looks like: {0}").format(known.looks_like))
        if known.unknown_with:
            others = (
                self.tr("1 other photo")
                if known.unknown_with == 1
                else self.tr("{0} other photos").format(known.unknown_with)
            )
            text = self.tr("This and {0} may belong to a class you haven't created yet.")
            lines.append(text.format(others))
        shown = bool(lines) and known.label is None and known.place.error is None
        self.likeness.setText("\n".join(lines) if shown else "")
        self.likeness.setVisible(shown)

    @Slot()
    def _on_folder_button(self) -> None:
        if self._path is not None:
            self.show_in_folder_requested.emit(self._path)


def _details(engine: Engine, place_id: int) -> PhotoDetails:
    """Load the details of a place; the import happens in the loading thread, at the first selection."""
    from flowersorter.workflows.predicting.photo_details import details

    return details(engine, place_id)
