"""What a run would do, shown before it is done."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.errors import UserError
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.ui import theme
from flowersorter.ui.sort_tree import SortTree

_TIGHT = 0.9  # of the free space: above it the bar warns


class SortPreview(QWidget):
    """Shows a plan, or why there is none yet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_preview")
        self.setAccessibleName(self.tr("Preview"))
        self.headline = QLabel(self)
        self.headline.setObjectName("sort_headline")
        self.headline.setWordWrap(True)
        self.headline.setFont(_larger(self.headline, 1.2))
        self.meaning = _wrapped("sort_meaning", self)
        self.busy = QProgressBar(self)
        self.busy.setObjectName("sort_busy")
        self.busy.setAccessibleName(self.tr("Planning"))
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(4)
        self.notice = _Notice(self)
        self.tree = SortTree(self)
        self.space = SpaceBar(self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.notice)
        self.pages.addWidget(self.tree)
        self._lay_out()
        self.space.hide()
        self._set_busy(False)

    def _lay_out(self) -> None:
        for part in (self.meaning, self.busy):
            kept = part.sizePolicy()
            kept.setRetainSizeWhenHidden(True)  # nothing jumps when planning begins and ends
            part.setSizePolicy(kept)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL_GAP_PX)
        column.addWidget(self.headline)
        column.addWidget(self.meaning)
        column.addWidget(self.busy)
        column.addWidget(self.pages, 1)
        column.addSpacing(theme.SMALL_GAP_PX)
        column.addWidget(self.space)

    # -- what is shown

    def ask_for_folder(self, *, is_empty: bool) -> None:
        """There is no destination yet, or none that means something."""
        text = self.tr(
            "FlowerSorter makes one folder for each class in it, and shows here what goes where. "
            "Nothing on disk changes until you press the button below."
        )
        title = self.tr("Choose where the class folders go")
        if not is_empty:
            title = self.tr("This is not a whole path")
            text = self.tr("Write it from the very beginning, or choose the folder with Browse.")
        self._say(theme.icon("open-folder"), title, text)

    def show_busy(self) -> None:
        """A plan is being made; the last one stays in sight, greyed."""
        self.headline.setText(self.tr("Working out what goes where…"))
        self.headline.show()
        self.meaning.hide()
        self.pages.setEnabled(False)
        self.space.setEnabled(False)
        if self.pages.currentWidget() is self.notice:
            self.notice.say(QIcon(), "", "")
        self._set_busy(True)

    def show_refusal(self, error: Exception) -> None:
        """The destination cannot be used."""
        if isinstance(error, UserError):
            why = f"{_sentence(error.why)}." if error.why else ""
            hint = f"{error.hint}." if error.hint else ""
            title, text = error.what, f"{why} {hint}".strip()
        else:
            title, text = self.tr("The plan could not be made"), str(error)
        self._say(theme.icon("warning", theme.UNREADABLE.colour), title, text)

    def show_plan(self, plan: SortPlan) -> None:
        """Show what will happen."""
        self._set_busy(False)
        self.headline.setText(self._headline(plan))
        self.headline.show()
        self.meaning.setText(self._meaning(plan))
        self.meaning.show()
        self.tree.show_plan(plan)
        self.space.show_bytes(plan.needed_bytes, plan.free_bytes)
        self.space.setVisible(bool(plan.counts_by_class))
        if not plan.files and not plan.skipped:
            self._say(theme.icon("photo"), self.tr("There are no photos to file"), "")
            return
        self.pages.setCurrentWidget(self.tree)

    def _say(self, icon: QIcon, title: str, text: str) -> None:
        self._set_busy(False)
        for part in (self.headline, self.meaning, self.space):
            part.hide()
        self.meaning.setText("")
        self.notice.say(icon, title, text)
        self.pages.setCurrentWidget(self.notice)

    def _set_busy(self, busy: bool) -> None:
        self.busy.setRange(0, 0 if busy else 1)  # an endless bar moves by a timer
        self.busy.setVisible(busy)
        if not busy:
            self.pages.setEnabled(True)
            self.space.setEnabled(True)

    # -- words

    def _headline(self, plan: SortPlan) -> str:
        counts = plan.counts_by_class
        total = sum(counts.values())
        if not total:
            return self._nothing(plan)
        into = self.tr("1 folder") if len(counts) == 1 else self.tr("{0} folders").format(len(counts))
        texts = {
            Mode.COPY: (self.tr("1 photo is copied into {1}"), self.tr("{0} photos are copied into {1}")),
            Mode.MOVE: (self.tr("1 photo moves into {1}"), self.tr("{0} photos move into {1}")),
            Mode.LINK: (self.tr("1 photo is linked into {1}"), self.tr("{0} photos are linked into {1}")),
        }
        return texts[plan.mode][total != 1].format(QLocale().toString(total), into)

    def _nothing(self, plan: SortPlan) -> str:
        if plan.counts_by_action.get(Action.ALREADY_THERE, 0):
            return self.tr("Nothing to do: every photo of your choice is there already")
        return self.tr("Nothing to do: no photo fits your choice")

    def _meaning(self, plan: SortPlan) -> str:
        """What the mode does to the photos, and what else will be found there afterwards."""
        if not plan.counts_by_class:
            return self.tr("Open a line to see its photos.")
        texts = [
            {
                Mode.COPY: self.tr("Your photos stay where they are."),
                Mode.MOVE: self.tr(
                    "Each photo is checked at its new place before it leaves the old one. Undo brings them all back."
                ),
                Mode.LINK: self.tr("Your photos stay where they are, and the class folders show the same files."),
            }[plan.mode]
        ]
        if plan.destination in plan.missing_folders:
            texts.append(self.tr("The folder will be made."))
        renamed = sum(file.action.is_filed and file.destination.name != file.filing.source.name for file in plan.files)
        if renamed == 1:
            texts.append(self.tr("1 photo gets a new name, because its own is taken."))
        elif renamed:
            texts.append(self.tr("{0} photos get a new name, because theirs is taken.").format(renamed))
        beside = sum(len(file.siblings) for file in plan.files)
        if beside == 1:
            texts.append(self.tr("1 file that belongs to a photo goes with it."))
        elif beside:
            texts.append(self.tr("{0} files that belong to photos go with them.").format(beside))
        return " ".join(texts)


class SpaceBar(QWidget):
    """How much room the photos take of what is free."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_space")
        self.text = QLabel(self)
        self.text.setObjectName("sort_space_text")
        self.bar = _Share(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP_PX + theme.SMALL_GAP_PX)
        row.addWidget(self.text)
        row.addWidget(self.bar, 1)

    def show_bytes(self, needed: int, free: int) -> None:
        """Show this many bytes needed of this many free."""
        locale, si = QLocale(), QLocale.DataSizeFormat.DataSizeSIFormat
        if needed:
            taken, room = (locale.formattedDataSize(size, 1, si) for size in (needed, free))
            text = self.tr("Takes {0} of {1} free").format(taken, room)
        else:
            text = self.tr("Takes no extra room on the disk")
        self.text.setText(text)
        self.setAccessibleName(text)
        self.setToolTip(self.tr("Room on the disk the class folders are on"))
        self.bar.set_share(needed / free if free > 0 else 0.0)
        self.bar.setVisible(bool(needed))


class _Share(QWidget):
    """A thin bar, filled to a share."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float) -> None:
        self._share = min(1.0, max(0.0, share))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = self.palette()
        ground = QColor(palette.color(QPalette.ColorRole.WindowText))
        ground.setAlphaF(0.14)
        fill = theme.UNREADABLE.colour if self._share > _TIGHT else palette.color(QPalette.ColorRole.Highlight)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        box = QRectF(self.rect())
        radius = box.height() / 2
        painter.setBrush(ground)
        painter.drawRoundedRect(box, radius, radius)
        box.setWidth(max(box.height(), box.width() * self._share))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, radius, radius)
        painter.end()


class _Notice(QWidget):
    """An icon with a sentence or two, in the middle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_notice")
        self.picture = QLabel(self)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = _wrapped("sort_notice_title", self)
        self.title.setFont(_larger(self.title, 1.15))
        self.text = _wrapped("sort_notice_text", self)
        column = QVBoxLayout(self)
        column.setSpacing(theme.GAP_PX)
        column.addStretch(2)
        column.addWidget(self.picture)
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addStretch(3)

    def say(self, icon: QIcon, title: str, text: str) -> None:
        self.picture.setPixmap(icon.pixmap(QSize(32, 32), self.devicePixelRatioF()))
        self.title.setText(title)
        self.text.setText(text)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)


def _wrapped(name: str, parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _larger(label: QLabel, factor: float) -> QFont:
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * factor)
    font.setBold(True)
    return font


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
