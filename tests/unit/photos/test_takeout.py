"""The JSON files of Google Takeout say when a photo was taken, and whatever else they hold does no harm."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowersorter.photos.sidecars import SidecarFinder
from flowersorter.photos.takeout import local_date, takeout_moment

TAKEN_S = 1_557_000_000
TAKEN = datetime.fromtimestamp(TAKEN_S, UTC)


def metadata(**changed: Any) -> str:
    value = {
        "title": "a.jpg",
        "creationTime": {"timestamp": "1600000000", "formatted": "13.09.2020, 12:26:40 UTC"},
        "photoTakenTime": {"timestamp": str(TAKEN_S), "formatted": "04.05.2019, 20:00:00 UTC"},
        "geoData": {"latitude": 0.0, "longitude": 0.0},
    }
    return json.dumps(value | changed)


@pytest.mark.parametrize(
    ("photo", "sidecar"),
    [
        ("a.jpg", "a.jpg.json"),
        ("a.jpg", "a.jpg.supplemental-metadata.json"),
        ("a(1).jpg", "a.jpg.supplemental-metadata(1).json"),
        ("Screenshot_2017-07-05-10-05-26.png", "Screenshot_2017-07-05-10-05-26.png.supplementa.json"),
        ("x" * 44 + ".jpg", "x" * 44 + ".j.json"),
        ("a-edited.jpg", "a.jpg.supplemental-metadata.json"),
        ("a-bearbeitet(2).jpg", "a.jpg(2).json"),
    ],
)
def test_the_date_is_found_under_every_name_that_takeout_gives(tmp_path: Path, photo: str, sidecar: str) -> None:
    for name in (photo, "b.jpg", "b.jpg.json"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / sidecar).write_text(metadata())
    assert takeout_moment(SidecarFinder().of(tmp_path / photo)) == TAKEN


def test_an_edited_copy_beside_its_photo_has_the_date_of_that(tmp_path: Path) -> None:
    for name in ("a.jpg", "a-edited.jpg"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "a.jpg.json").write_text(metadata())
    finder = SidecarFinder()
    assert takeout_moment(finder.of(tmp_path / "a-edited.jpg")) is None
    assert takeout_moment(finder.of_original(tmp_path / "a-edited.jpg")) == TAKEN
    assert finder.of_original(tmp_path / "a.jpg") == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"[]",
        b'{"photoTakenTime": 3}',
        b'{"photoTakenTime": {"timestamp": null}}',
        b'{"photoTakenTime": {"timestamp": "soon"}}',
        b'{"photoTakenTime": {"timestamp": "0"}}',  # programs write it where they know no date
        b'{"photoTakenTime": {"timestamp": "4102444800"}}',  # 2100
        b'{"photoTakenTime": {"timestamp": "99999999999999999999"}}',
        b'{"photoTakenTime": {"timestamp": "-99999999999"}}',
        b'{"photoTakenTime": {"timestamp": "1557000000"}}' + b" " * (1 << 20),
    ],
)
def test_a_malformed_or_huge_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg.json").write_bytes(content)
    assert takeout_moment([tmp_path / "a.jpg.json", tmp_path / "gone.json"]) is None


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=30) | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_JSON)
def test_any_json_is_read_without_an_error(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"photoTakenTime": {"timestamp": value}}), encoding="utf-8")
    moment = takeout_moment([file])
    assert moment is None or local_date(moment).tzinfo is None


def test_the_date_is_that_of_this_computers_clock() -> None:
    assert local_date(TAKEN) == datetime.fromtimestamp(TAKEN_S)
