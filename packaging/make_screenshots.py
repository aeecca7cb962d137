"""Makes pictures of the program from the program itself, so that they show what it looks like now.

    python packaging/make_screenshots.py PHOTOS                  # those of the README and of the handbook
    python packaging/make_screenshots.py PHOTOS --to FOLDER      # the same, all in one folder
    python packaging/make_screenshots.py PHOTOS --all FOLDER     # every state, to look at one by one

PHOTOS is a folder with photos of the five flowers that the starter model knows. The window runs without a screen. With
``--all`` each state is taken in English and German, light and dark, small, usual and large; ``--strange`` names photos
that the starter model does not know (drawn ones, else), ``--only`` parts of names of states, and ``--text`` the size of
the letters in per cent.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - found beside this script
from PIL import Image  # noqa: E402 - found beside this script
from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QRect, Qt, QTimer  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog, QWidget  # noqa: E402

from flowersorter.app import Program  # noqa: E402
from flowersorter.domain.export_format import LabelFormat  # noqa: E402
from flowersorter.errors import UserError  # noqa: E402
from flowersorter.library.collection import CollectionStore  # noqa: E402
from flowersorter.messages import text  # noqa: E402
from flowersorter.translations import use_translations  # noqa: E402
from flowersorter.ui.desktop.colour_scheme import ColourScheme  # noqa: E402
from flowersorter.ui.evaluation.check_sample_dialog import CheckSampleDialog  # noqa: E402
from flowersorter.ui.grid.sections import Grouping, SectionKind  # noqa: E402
from flowersorter.ui.keywords.take_dialog import TakeKeywordsDialog  # noqa: E402
from flowersorter.ui.keywords.take_labels_dialog import TakeLabelsDialog  # noqa: E402
from flowersorter.ui.review.sections.section_headers import GroupHeader  # noqa: E402
from flowersorter.ui.shared import theme  # noqa: E402
from flowersorter.ui.shared.qt_translator import install_translator  # noqa: E402
from flowersorter.ui.window import window_state  # noqa: E402
from flowersorter.vision.backbone.registry import Backbone  # noqa: E402
from flowersorter.workflows.engine import Engine  # noqa: E402
from flowersorter.workflows.exchange.keyword_labels import FoundKeyword, FoundKeywords  # noqa: E402
from flowersorter.workflows.exchange.label_import.label_photos import FoundClass, FoundLabels  # noqa: E402
from flowersorter.workflows.exchange.label_import.match_photos import Unmatched  # noqa: E402
from flowersorter.workflows.labelling.class_changes import start_without_classes  # noqa: E402
from flowersorter.workflows.predicting.network_loader import Embeds, open_embedder  # noqa: E402
from tests.drawing import textured, write_jpeg  # noqa: E402
from tests.qt.palettes import dark, light  # noqa: E402

#: Where the pictures are that README and handbook show, and those of the handbook alone.
SHOWN, HANDBOOK = ROOT / "resources" / "screenshots", ROOT / "docs" / "pictures"
SIZE, DIALOG_SIZE = (1200, 760), (620, 700)
#: Answers given before the picture of a checked sample is taken.
CHECKED = 24
#: The animated picture: width in pixels, and how long its pictures are shown in milliseconds.
ANIMATION_PX, TYPING_MS, PAUSE_MS = 800, 180, 1500
#: Groups that are named in it.
NAMED = 2
#: Sizes of the window in which every state is taken.
SIZES = ((800, 600), (1280, 800), (2560, 1440))
LANGUAGES = ("en", "de")
#: Actions whose dialogs are taken, besides those that need photos.
DIALOGS = ("preferences", "history", "models", "help", "about", "new_class", "new_collection")
DIALOGS_OF_PHOTOS = ("sort", "check_sample", "deep_train", "evaluate", "check_labels", "scan_options")
#: Actions whose dialogs exchange labels and keywords with other programs.
DIALOGS_OF_EXCHANGE = ("take_labels", "export_labels", "write_keywords")


@contextmanager
def window_of(
    photos: Path | None, *, without_classes: bool = False, gate: threading.Event | None = None
) -> Iterator[Program]:
    """A window over a new collection.

    Args:
        photos: The folder that is open; None for none.
        without_classes: Whether the starter's classes are deleted.
        gate: The network is not there before it is set; None waits until all photos are read.
    """

    def open_network(backbone: Backbone, device: str) -> Embeds:
        if gate is not None:
            gate.wait()
        return open_embedder(backbone, device)

    with tempfile.TemporaryDirectory() as folder:
        collection = CollectionStore.open(Path(folder) / "collection")
        if without_classes:
            start_without_classes(collection)
        program = Program(Engine(collection, open_network), preload=False)
        program.start(photos or ())
        program.window.resize(*SIZE)
        if gate is None:
            rest(program)
        try:
            yield program
        finally:
            program.window.close()
            program.shutdown()


def rest(program: Program) -> None:
    """Wait until the window shows all that runs, and a second more."""
    quiet = 0
    while quiet < 4:
        wait(250)
        idle = program.begun and not program.queue.busy and not program.library.busy and not program.thumbnails.waiting
        quiet = quiet + 1 if idle else 0


def wait(milliseconds: int) -> None:
    """Let the window work."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def picture(widget: QWidget) -> Image.Image:
    """Return what a widget shows."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")


def suggestions(program: Program) -> dict[str, str]:
    """The class that the starter model suggests for each photo, by its path."""
    columns, names = program.photos.columns, {each.id: each.name for each in program.session.state.classes}
    return {name: names.get(int(class_id), "") for name, class_id in zip(columns.names, columns.class_ids, strict=True)}


def with_dialog(program: Program, action: str, take: Callable[[QDialog], None]) -> None:
    """Open the dialog of an action, do something with it, and close it."""
    done: list[bool] = []

    def look() -> None:
        shown = [each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()]
        if not shown:
            QTimer.singleShot(100, look)
            return
        wait(2000)
        take(shown[0])
        shown[0].reject()
        done.append(True)

    QTimer.singleShot(0, look)
    program.window.actions_by_name[action].trigger()
    while not done:
        wait(100)
    rest(program)


def first_group(program: Program) -> GroupHeader:
    """The header of the group to name first."""
    headers = (program.window.grid.header(section.identity) for section in program.photos.sections)
    return next(header for header in headers if isinstance(header, GroupHeader))


def name_groups(program: Program, classes: dict[str, str]) -> Iterator[tuple[Image.Image, int]]:
    """Type the class of some groups, and yield pictures of it, each with the milliseconds that it is shown."""
    window = program.window
    for _ in range(NAMED):
        header = first_group(program)
        rows = program.photos.columns.locate(
            program.photos.front_places_at(slice(header.section.first, header.section.first + 1))
        )
        name = classes[program.photos.columns.names[int(rows[0])]]
        yield picture(window), PAUSE_MS
        for end in range(1, len(name) + 1):
            header.field.setText(name[:end])
            wait(50)
            yield picture(window), TYPING_MS
        QTest.keyClick(header.field, Qt.Key.Key_Return)
        rest(program)
    yield picture(window), 2 * PAUSE_MS


def save_animation(pictures: list[tuple[Image.Image, int]], file: Path) -> None:
    """Write an animated picture that browsers play."""
    height = round(SIZE[1] * ANIMATION_PX / SIZE[0])
    frames = [image.resize((ANIMATION_PX, height), Image.Resampling.LANCZOS) for image, _ in pictures]
    durations = [milliseconds for _, milliseconds in pictures]
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=70, method=6)


def for_readme(photos: Path, to: Path) -> None:
    """Make the pictures of the README."""

    def take_sort(dialog: QDialog) -> None:
        dialog.resize(*DIALOG_SIZE)
        wait(1500)
        picture(dialog).save(to / "sort.png", optimize=True)

    with window_of(photos) as program:
        window = program.window
        classes = suggestions(program)
        ids = program.photos.columns.place_ids.tolist()
        window.labels.confirm(ids[1::12])
        rest(program)
        window.grid.select_places(ids[3:4], scroll=True)
        rest(program)
        window.grid.scrollToTop()
        rest(program)
        picture(window).save(to / "window.png", optimize=True)
        window.actions_by_name["large_view"].trigger()
        rest(program)
        picture(window).save(to / "large.png", optimize=True)
        window.large.close()
        with_dialog(program, "sort", take_sort)
    with window_of(photos, without_classes=True) as program:
        program.window.actions_by_name["name_groups"].trigger()
        rest(program)
        save_animation(list(name_groups(program, classes)), to / "naming.webp")


def for_handbook(photos: Path, to: Path) -> None:
    """Make the pictures that only the handbook shows."""

    def save(widget: QWidget, name: str) -> None:
        picture(widget).save(to / f"{name}.webp", quality=80, method=6)

    def take_sample(dialog: QDialog) -> None:
        assert isinstance(dialog, CheckSampleDialog)
        for _ in range(CHECKED):
            while not dialog.right_button.isEnabled():
                wait(100)
            dialog.right_button.click()
            wait(300)
        dialog.resize(DIALOG_SIZE[0], DIALOG_SIZE[0])
        wait(1500)
        save(dialog, "check")

    with window_of(None) as program:
        save(program.window, "start")
    with window_of(photos) as program:
        window, actions = program.window, program.window.actions_by_name
        window.grid.select_places(program.photos.front_places_at(slice(0, 1)).tolist(), scroll=True)
        for action in ("large_view", "heat_map"):
            actions[action].trigger()
            rest(program)
        save(window, "heat_map")
        actions["heat_map"].trigger()
        window.large.close()
        with_dialog(program, "check_sample", take_sample)


# -- every state


@dataclass(frozen=True)
class Album:
    """Saves pictures of states in every size and colour scheme.

    Attributes:
        folder: Gets the pictures.
        language: At the end of their names.
        only: Parts of the names of the states that are taken; empty for all.
    """

    folder: Path
    language: str
    only: Sequence[str] = ()

    def add(self, state: str, widget: QWidget, sizes: Sequence[tuple[int, int]] = SIZES) -> None:
        """Save a widget that shows a state; without sizes in the one it has."""
        if self.only and not any(part in state for part in self.only):
            return
        usual = widget.size()
        for size in sizes or [usual.toTuple()]:
            widget.resize(*size)
            for is_dark in (False, True):
                set_dark(is_dark=is_dark)
                wait(400)
                file = f"{state}-{self.language}-{'dark' if is_dark else 'light'}-{size[0]}x{size[1]}.png"
                picture(widget).save(self.folder / file)
        set_dark(is_dark=False)
        widget.resize(usual)
        print(state, self.language, flush=True)

    def add_dialog(self, program: Program, action: str) -> None:
        """Save the dialog of an action."""
        if not self.only or any(part in action for part in self.only):
            with_dialog(program, action, lambda dialog: self.add(action, dialog, ()))


def set_dark(*, is_dark: bool) -> None:
    """Show the program as the system does in the evening, or as it does by day."""
    QApplication.setPalette(theme.readable(dark() if is_dark else light()))
    wait(50)


def draw_strange(folder: Path) -> Path:
    """Draw photos that the starter model does not know."""
    colours = {"slate": (90, 100, 120), "sand": (200, 180, 130), "moss": (70, 90, 50)}
    for number, (name, colour) in enumerate(colours.items()):
        for each in range(12):
            write_jpeg(folder / f"{name}_{each:02}.jpg", textured((320, 240), colour, 100 * number + each))
    return folder


def show_sections(program: Program, album: Album, kinds: Sequence[SectionKind]) -> None:
    """Take the first section of each kind, at the top of the view."""
    for kind in kinds:
        section = next((each for each in program.photos.sections if each.kind is kind), None)
        if section is None:
            print(f"no section {kind.name.lower()}")
            continue
        hint = program.window.grid.ScrollHint.PositionAtTop
        program.window.grid.scrollTo(program.photos.index(section.first), hint)
        album.add(f"section_{kind.name.lower()}", program.window)


def show_stack(program: Program, album: Album) -> None:
    """Take the first stack, closed and open."""
    window, stacks = program.window, np.flatnonzero(program.photos.counts_on_tiles > 1)
    if not len(stacks):
        print("no stack")
        return
    before, place = window.grid.selected_places(), int(program.photos.front_places_at(stacks[:1])[0])
    window.filter.group_by(Grouping.NONE)  # a section that is folded in a small window would hide it
    for state in ("stack", "stack_open"):
        window.grid.select_row(program.photos.rows_of([place])[0])
        rest(program)
        album.add(state, window)
        window.actions_by_name["open_stack"].trigger()
    window.filter.group_by(Grouping.LIKENESS)
    window.grid.select_places(before, scroll=True)
    rest(program)


def every_state(album: Album, photos: Path, strange: Path) -> None:
    """Take every state of the window and its dialogs."""
    with window_of(None) as program:
        album.add("start", program.window)
        for action in DIALOGS:
            album.add_dialog(program, action)
        program.window.front.complain(
            UserError(
                text("The library could not be saved"), text("the disk is full"), text("Free some space and try again")
            )
        )
        wait(300)
        box = next(each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible())
        album.add("error", box, ())
        box.close()
    with window_of(strange) as program:
        album.add("first_folder_bar", program.window)
        program.window.review.first_folder._bar.accept.click()
        rest(program)
        album.add("groups", program.window)
        for name in ("slate", "sand"):
            header = first_group(program)
            header.field.setText(name)
            QTest.keyClick(header.field, Qt.Key.Key_Return)
            rest(program)
        album.add("answer_bar", program.window)
    gate = threading.Event()
    with window_of(photos, gate=gate) as program:
        while not program.photos.rowCount() or not program.window.job_bar.busy:
            wait(50)
        album.add("reading", program.window)
        program.window.job_bar.cancel.click()
        gate.set()
        rest(program)
        album.add("stopped", program.window)
        program.window.job_bar.links[0].click()
        rest(program)
        known_photos(program, album)


def show_choices(program: Program, album: Album) -> None:
    """Take the lists of labels and keywords that other programs gave photos."""
    long = "Common dandelion (Taraxacum officinale)"
    classes = FoundClass("tulips", "tulips", 12, 7), FoundClass(long, "", 4, 4)
    labels = FoundLabels(LabelFormat.CSV, {}, {}, classes, 17, {"IMG_1.jpg": Unmatched.NOT_FOUND})
    keywords = FoundKeyword("roses", "roses", 40, 12), FoundKeyword("plants/tulips", "tulips", 4, 0)
    problem = Path("IMG_1.jpg.xmp"), text("the disk is full")
    found = FoundKeywords({}, {}, (*keywords, FoundKeyword("Holidays in Brittany", "", 1204, 1204)), 1300, (problem,))
    for state, dialog in (
        ("take_labels_list", TakeLabelsDialog(labels, "labels.csv", program.window)),
        ("take_keywords_list", TakeKeywordsDialog(found, program.window)),
    ):
        dialog.show()
        wait(300)
        album.add(state, dialog, ())
        dialog.close()


def known_photos(program: Program, album: Album) -> None:
    """Take the states of a folder of photos that the model knows."""
    window, actions = program.window, program.window.actions_by_name
    ids = program.photos.columns.place_ids.tolist()
    album.add("suggestions", window)
    show_sections(program, album, (SectionKind.TORN, SectionKind.LIKELY, SectionKind.SURE, SectionKind.UNKNOWN))
    window.grid.select_places(program.photos.front_places_at(slice(0, 1)).tolist(), scroll=True)
    rest(program)
    album.add("selected", window)
    show_stack(program, album)
    for action in ("large_view", "compare", "heat_map"):
        actions[action].trigger()
        rest(program)
        album.add(action, window)
        if action != "large_view":
            actions[action].trigger()
    window.large.close()
    window.header.search.setText("no such name")
    album.add("filter_without_result", window)
    window.header.search.clear()
    window.labels.confirm(ids[:20])
    rest(program)
    actions["pause_learning"].trigger()
    album.add("paused", window)
    window.filter.show_panel()
    album.add("filter_panel", window.filter.panel, ())
    window.filter.panel.close()
    for action in (*DIALOGS_OF_PHOTOS, *DIALOGS_OF_EXCHANGE, "history", "models"):
        album.add_dialog(program, action)
    show_choices(program, album)
    actions["keep_watching"].trigger()
    wait(300)
    album.add("watching", window)
    actions["keep_watching"].trigger()
    actions["label_next"].trigger()
    rest(program)
    album.add("label_next", window)
    window.filter.show_all()
    actions["pause_learning"].trigger()
    columns = program.photos.columns
    for class_id in set(columns.class_ids.tolist()) - {0}:
        window.labels.assign(columns.place_ids[columns.class_ids == class_id].tolist(), class_id)
    rest(program)
    album.add("everything_confirmed", window)
    actions["hide_confirmed"].trigger()
    rest(program)
    album.add("everything_hidden", window)


def main() -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--to", type=Path, metavar="FOLDER")
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    parser.add_argument("--strange", type=Path, metavar="PHOTOS")
    parser.add_argument("--only", nargs="*", default=(), metavar="STATE")
    parser.add_argument("--languages", nargs="*", default=LANGUAGES)
    parser.add_argument("--text", type=int, default=100, metavar="PERCENT")
    options = parser.parse_args()
    photos = options.photos.absolute()
    application = QApplication([])
    application.setApplicationDisplayName("FlowerSorter")
    font = application.font()
    font.setPointSizeF(font.pointSizeF() * options.text / 100)
    application.setFont(font)
    ColourScheme.of(application)
    if options.all is None:
        for make, usual in ((for_readme, SHOWN), (for_handbook, HANDBOOK)):
            to = options.to or usual
            to.mkdir(parents=True, exist_ok=True)
            make(photos, to)
            for file in sorted(to.iterdir()):
                print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
        return
    options.all.mkdir(parents=True, exist_ok=True)
    window_state.screen_around = lambda geometry: QRect(0, 0, *SIZES[-1])
    with tempfile.TemporaryDirectory() as drawn:
        strange = options.strange.absolute() if options.strange else draw_strange(Path(drawn))
        for language in options.languages:
            translations = use_translations([language])
            if translations is not None:
                install_translator(application, translations, language)
            every_state(Album(options.all, language, options.only), photos, strange)


if __name__ == "__main__":
    main()
