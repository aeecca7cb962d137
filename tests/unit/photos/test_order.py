"""The natural order of photos."""

from __future__ import annotations

from pathlib import Path

from natsort import natsorted, ns

from flowersorter.photos.order import natural_key


def test_same_order_as_natsort() -> None:
    names = "IMG_2.jpg IMG_10.jpg img_9.jpg b/1.jpg a/10.jpg a/9.jpg a.jpg a2/x.jpg a10/x.jpg 1.jpg a(2).jpg a/b/c.jpg"
    paths = [Path("/home/photos", name) for name in names.split()]

    assert sorted(paths, key=natural_key) == natsorted(paths, alg=ns.PATH | ns.IGNORECASE)


def test_undecodable_names_have_a_place() -> None:
    paths = [Path("/a/\udcff 10.jpg"), Path("/a/\udcff 9.jpg"), Path("/a/1.jpg")]

    assert sorted(paths, key=natural_key) == [paths[2], paths[1], paths[0]]
