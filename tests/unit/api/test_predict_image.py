"""`predict_image` for files and for photos in memory, alone, in lists, and in several threads at once."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flowersorter import Collection, predict_image
from flowersorter.api import open_collection
from flowersorter.api.photo_source import AnyPhoto
from flowersorter.errors import PhotoUnreadable, UserError
from flowersorter.workflows.engine import Engine
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

COLOURS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos of three colours, and with a collection that was taught them."""
    folder = tmp_path_factory.mktemp("taught")
    for colour in COLOURS:
        draw_photos(folder / "photos", colour, 5)
    with Collection.open(folder / "collection") as opened:
        opened._engine.open_network = open_colour_network
        for colour in COLOURS:
            opened.label_group([folder / "photos" / f"{colour}_{number}.jpg" for number in range(4)], colour)
        opened.retrain()
    return folder


@pytest.fixture
def photos(taught: Path) -> Path:
    return taught / "photos"


@pytest.fixture
def collection(taught: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    """The collection that was taught, as the one that the window opens."""
    monkeypatch.setattr(open_collection, "Engine", partial(Engine, open_network=open_colour_network))
    monkeypatch.setenv("FLOWERSORTER_COLLECTION", str(taught / "collection"))
    with Collection.open() as opened:
        yield opened


def test_a_photo_in_memory_is_predicted_like_its_file(collection: Collection, photos: Path) -> None:
    path = photos / "green_4.jpg"
    expected = collection.predict_image(path)
    assert (expected.class_name, expected.model, bool(expected.model_created_at)) == ("green", 1, True)
    assert collection.predict_image(str(path)) == expected
    assert collection.predict_image(path.read_bytes()) == expected
    with Image.open(path) as image:
        pixels = np.asarray(image)
        assert collection.predict_image(image) == expected
        for mode in ("RGBA", "CMYK", "P"):
            assert collection.predict_image(image.convert(mode)).class_name == "green"
    assert collection.predict_image(pixels) == expected
    assert collection.predict_image(pixels[::-1, ::-1]).class_name == "green"
    assert not any(place.path == path for place in collection._library.photos.all_places())


def test_the_orientation_of_a_picture_is_applied(collection: Collection) -> None:
    sideways = Image.new("RGB", (300, 100), "red")
    sideways.paste("green", (0, 0, 150, 100))
    upright = sideways.transpose(Image.Transpose.ROTATE_270)
    sideways.getexif()[0x0112] = 6
    before = sideways.tobytes()
    assert collection.predict_image(sideways) == collection.predict_image(upright)
    assert (sideways.tobytes(), sideways.size) == (before, (300, 100))


def test_a_list_is_predicted_in_its_order_and_a_bad_photo_does_not_stop_it(
    collection: Collection, photos: Path
) -> None:
    with Image.open(photos / "blue_4.jpg") as image:
        pixels = np.asarray(image)
    given: list[AnyPhoto] = [photos / "red_4.jpg", b"no photo", pixels, str(photos / "gone.jpg")]
    red, bad, blue, gone = collection.predict_image(given)
    assert [each.class_name for each in (red, bad, blue, gone)] == ["red", "", "blue", ""]
    assert (bad.error, str(gone)) == ("it is not an image", "cannot be read: the file is not there")
    assert collection.predict_image([]) == []


def test_a_photo_in_memory_that_cannot_be_read_says_why(collection: Collection, photos: Path) -> None:
    with pytest.raises(PhotoUnreadable, match=r"^The photo cannot be read: it is not an image\.$"):
        collection.predict_image(b"no photo")
    data = (photos / "red_4.jpg").read_bytes()
    with Image.open(io.BytesIO(data[: len(data) // 2])) as cut_off, pytest.raises(PhotoUnreadable, match="incomplete"):
        collection.predict_image(cut_off)
    with pytest.raises(PhotoUnreadable, match=r"more than 8 bits a channel; convert it to RGB\.$"):
        collection.predict_image(Image.new("I;16", (40, 40)))


@pytest.mark.parametrize(
    ("photo", "named"),
    [
        (5, "An object of type int"),
        (None, "An object of type NoneType"),
        ({"red.jpg"}, "An object of type set"),
        (np.zeros((40, 40), np.uint8), r"An array of shape \(40, 40\) and uint8"),
        (np.zeros((3, 40, 40), np.uint8), r"An array of shape \(3, 40, 40\) and uint8"),
        (np.zeros((40, 40, 3), np.float32), r"An array of shape \(40, 40, 3\) and float32"),
        (np.zeros((0, 40, 3), np.uint8), r"An array of shape \(0, 40, 3\) and uint8"),
    ],
)
def test_something_else_is_refused_in_a_sentence(collection: Collection, photo: Any, named: str) -> None:
    for given in (photo, [photo]):
        with pytest.raises(UserError, match=rf"^{named} is not a photo\. Give a path, the bytes .* of uint8\.$"):
            collection.predict_image(given)


def test_several_threads_predict_with_one_collection(collection: Collection, photos: Path) -> None:
    paths = sorted(photos.iterdir())
    expected = collection.predict_image(paths)
    together = threading.Barrier(4)

    def work(start: int) -> dict[Path, Any]:
        together.wait()
        mine = paths[start:] + paths[:start]
        return {path: collection.predict_image(path.read_bytes() if start % 2 else path) for path in mine}

    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(work, range(4)):
            assert [found[path] for path in paths] == expected


def test_several_threads_predict_with_a_collection_of_their_own(collection: Collection, photos: Path) -> None:
    """Each opens the window's collection, the first one of them for itself."""
    expected = [collection.predict_image(photos / f"{colour}_4.jpg") for colour in COLOURS]
    collection.close()
    together = threading.Barrier(3)

    def work(colour: str) -> Any:
        together.wait()
        return predict_image(photos / f"{colour}_4.jpg")

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(work, COLOURS)) == expected


def test_the_first_collection_is_made_by_one_of_several_threads(
    collection: Collection, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWERSORTER_COLLECTION", str(tmp_path / "new"))
    together = threading.Barrier(3)

    def work(colour: str) -> Any:
        together.wait()
        return predict_image([os.fspath(photos / f"{colour}_4.jpg")])

    with ThreadPoolExecutor(3) as threads:
        assert [found.model for [found] in threads.map(work, COLOURS)] == ["starter"] * 3
    with Collection.open() as new:
        assert new.classes == (), "a prediction stores nothing"


def test_a_photo_is_predicted_while_the_collection_is_open(collection: Collection, photos: Path) -> None:
    assert predict_image((photos / "blue_4.jpg").read_bytes()) == collection.predict_image(photos / "blue_4.jpg")
