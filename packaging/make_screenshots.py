"""Makes the pictures of the README from the program itself, so that they show what it looks like now.

    python packaging/make_screenshots.py PHOTOS                  # into resources/screenshots
    python packaging/make_screenshots.py PHOTOS --to FOLDER

PHOTOS is a folder with photos of the five flowers that the starter model knows. The window runs without a screen.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402 - found beside this script
from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, Qt, QTimer  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog, QWidget  # noqa: E402

from flowersorter.app import Program  # noqa: E402
from flowersorter.library.collection import CollectionStore  # noqa: E402
from flowersorter.ui.review.section_headers import GroupHeader  # noqa: E402
from flowersorter.workflows.engine import Engine  # noqa: E402
from flowersorter.workflows.labelling.class_changes import start_without_classes  # noqa: E402

SIZE, DIALOG_SIZE = (1200, 760), (620, 700)
#: The animated picture: width in pixels, and how long its pictures are shown in milliseconds.
ANIMATION_PX, TYPING_MS, PAUSE_MS = 800, 180, 1500
#: Groups that are named in it.
NAMED = 2


@contextmanager
def window_of(photos: Path, *, without_classes: bool = False) -> Iterator[Program]:
    """A window over a new collection, when all photos are read."""
    with tempfile.TemporaryDirectory() as folder:
        collection = CollectionStore.open(Path(folder) / "collection")
        if without_classes:
            start_without_classes(collection)
        program = Program(Engine(collection), preload=False)
        program.start(photos)
        program.window.resize(*SIZE)
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


def sort_dialog(program: Program) -> Image.Image:
    """Return the preview of a sort."""
    taken: list[Image.Image] = []

    def take() -> None:
        found = [each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()]
        if not found:
            QTimer.singleShot(500, take)
            return
        found[0].resize(*DIALOG_SIZE)
        wait(1500)
        taken.append(picture(found[0]))
        found[0].reject()

    QTimer.singleShot(3000, take)
    program.window.actions_by_name["sort"].trigger()
    while not taken:
        wait(250)
    return taken[0]


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
            program.photos.places_at(slice(header.section.first, header.section.first + 1))
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


def main() -> None:
    """Make every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--to", type=Path, default=ROOT / "resources" / "screenshots")
    options = parser.parse_args()
    photos, to = options.photos.absolute(), options.to
    to.mkdir(parents=True, exist_ok=True)
    application = QApplication([])
    application.setApplicationDisplayName("FlowerSorter")
    with window_of(photos) as program:
        window = program.window
        classes = suggestions(program)
        ids = program.photos.columns.place_ids.tolist()
        window.labels.confirm(ids[1:40:5])
        rest(program)
        window.grid.select_places(ids[3:4], scroll=True)
        rest(program)
        window.grid.scrollToTop()
        picture(window).save(to / "window.png", optimize=True)
        window.actions_by_name["large_view"].trigger()
        rest(program)
        picture(window).save(to / "large.png", optimize=True)
        window.large.close()
        sort_dialog(program).save(to / "sort.png", optimize=True)
    with window_of(photos, without_classes=True) as program:
        program.window.actions_by_name["name_groups"].trigger()
        rest(program)
        save_animation(list(name_groups(program, classes)), to / "naming.webp")
    for file in sorted(to.iterdir()):
        print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
