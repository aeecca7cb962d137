"""RAW files in the window: a tile and a large view with their picture, a suggestion, a label, and one tile a shot."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.workers.thumbnail_loader import ThumbnailLoader, large_image
from flowersorter.workers.thumbnail_pool import Wanted
from tests.drawing import BLUE, RED, assert_colours, textured, write_dng, write_jpeg
from tests.qt.program import idle, places, running, stored


def test_raws_have_tiles_suggestions_and_labels(tmp_path: Path, qtbot: QtBot) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, colour in enumerate((RED, BLUE)):
        write_dng(folder / f"IMG_{number}.dng", textured((960, 640), colour), preview=textured((960, 640), colour))
    write_jpeg(folder / "IMG_1.jpg", textured((960, 640), BLUE))
    (folder / "IMG_2.nef").write_bytes(b"II*\0 this is no photo")
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        assert [path.name for path in program.photos.columns.paths] == ["IMG_0.dng", "IMG_1.jpg", "IMG_2.nef"]
        assert program.photos.columns.counts()[PseudoClass.UNREADABLE] == 1
        model = program.window.grid.model()
        [raw] = places(program, "IMG_0")
        [tile] = [
            index for row in range(model.rowCount()) if (index := model.index(row, 0)).data(PhotoRole.PLACE_ID) == raw
        ]
        qtbot.waitUntil(lambda: tile.data(PhotoRole.THUMBNAIL) is not None)
        assert_colours([middle(tile.data(PhotoRole.THUMBNAIL))], [RED], tolerance=60)
        red = stored(program).classes.add("red").id
        program.window.labels.assign([raw], red)
        idle(program, qtbot)
        [row] = program.photos.columns.locate([raw])
        assert program.photos.columns.label_ids[row] == red


def test_a_raw_that_is_not_read_yet_has_a_picture_of_every_size(tmp_path: Path, qtbot: QtBot) -> None:
    path = write_dng(tmp_path / "a.dng", textured((960, 640), RED), orientation=6)
    with running(tmp_path / "collection", qtbot) as program:
        small = ThumbnailLoader(stored(program))(Wanted(place_id=1, photo_id=0, path=path))
    large = large_image(path, 2000)
    assert (small.width(), small.height()) == (320, 213)
    assert (large.width(), large.height()) == (480, 320)
    for image in (small, large):
        assert_colours([middle(image)], [RED], tolerance=60)


def middle(image: QImage) -> tuple[int, int, int]:
    colour = image.pixelColor(image.width() // 2, image.height() // 2)
    return colour.red(), colour.green(), colour.blue()
