"""Keywords inside HEIC, AVIF, JPEG XL, CR3 and JPEG 2000 are read, also those that exiftool wrote."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from flowersorter.photos.decoding.heif_items import thumbnail_extent, xmp_items
from flowersorter.photos.xmp import boxes
from flowersorter.photos.xmp.document import MAX_BYTES
from flowersorter.photos.xmp.embedded import embedded_packets, iptc_blocks
from flowersorter.photos.xmp.iptc import iptc_keywords
from flowersorter.photos.xmp.keywords import named_keywords
from flowersorter.photos.xmp.read import photo_keywords
from tests.unit.photos.xmp_documents import LIGHTROOM

PACKET = LIGHTROOM.encode()
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
JXL = b"\0\0\0\x0cJXL \r\n\x87\n"
JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"


def box(kind: bytes, *content: bytes) -> bytes:
    joined = b"".join(content)
    return struct.pack(">I", 8 + len(joined)) + kind + joined


def wide_box(kind: bytes, content: bytes) -> bytes:
    """A box whose size has 64 bits."""
    return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content


def iinf(*types: bytes) -> bytes:
    """The kinds of the items 1, 2, …"""
    entries = [
        box(b"infe", struct.pack(">IHH", 2 << 24, number, 0), kind) for number, kind in enumerate(types, start=1)
    ]
    return box(b"iinf", struct.pack(">IH", 0, len(entries)), *entries)


def iloc(method: int, *parts: tuple[int, int]) -> bytes:
    """Where item 2 is."""
    extents = b"".join(struct.pack(">II", *part) for part in parts)
    return box(b"iloc", struct.pack(">IBBHHHHH", 1 << 24, 0x44, 0, 1, 2, method, 0, len(parts)), extents)


_XMP_ITEM = b"mime\0application/rdf+xml\0\0"


def heic(tmp_path: Path, method: int, split: int = 0) -> Path:
    """A file whose second item is XMP, in the file or in the table, whole or in two parts."""
    kind = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    sizes = (split, len(PACKET) - split) if split else (len(PACKET),)

    def meta(begin: int) -> bytes:
        starts = [begin, begin + split + 7][: len(sizes)]
        table = iloc(method, *zip(starts, sizes, strict=True))
        data = box(b"idat", PACKET) if method else b""
        return box(b"meta", bytes(4), iinf(b"hvc1\0", _XMP_ITEM), table, data)

    begin = len(kind) + len(meta(0)) + 8
    content = PACKET[:split] + b"-------" + PACKET[split:] if split else PACKET
    path = tmp_path / "a.heic"
    path.write_bytes(kind + meta(0 if method else begin) + (b"" if method else box(b"mdat", content)))
    return path


@pytest.mark.parametrize(("method", "split"), [(0, 0), (0, 100), (1, 0)])
def test_the_xmp_of_a_heic_is_read_wherever_it_is(tmp_path: Path, method: int, split: int) -> None:
    assert embedded_packets(heic(tmp_path, method, split)) == [PACKET]


def _with_pillow(suffix: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        if suffix in ("heic", "heif"):
            import pillow_heif

            pillow_heif.from_pillow(Image.new("RGB", (64, 64))).save(path, xmp=PACKET)
        else:
            Image.new("RGB", (64, 64)).save(path, "AVIF", xmp=PACKET)

    return write


def _jxl(*more: bytes) -> bytes:
    import pylibjxl

    picture = bytes(pylibjxl.encode(np.zeros((8, 8, 3), np.uint8)))
    return JXL + box(b"ftyp", b"jxl \0\0\0\0jxl ") + b"".join(more) + box(b"jxlc", picture)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_the_keywords_that_other_libraries_write_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    try:
        _with_pillow(suffix)(path)
    except (KeyError, OSError, RuntimeError, ValueError):
        pytest.skip("no encoder")
    entries, problems = photo_keywords(path, [])
    assert sorted(named_keywords(entries)) == ["Rosa & friends", "trip/holiday"]
    assert problems == ()


def test_the_keywords_of_jpeg_xl_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jxl"
    path.write_bytes(_jxl(box(b"xml ", PACKET)))
    assert embedded_packets(path) == [PACKET]


def _uncompressed_brotli(data: bytes) -> bytes:
    """A Brotli stream that stores the data as they are (RFC 7932, 9.2)."""
    assert len(data) <= 1 << 16
    header = 0b0  # a window of 16 bits
    header |= (len(data) - 1) << (1 + 1 + 2)  # ISLAST 0, four nibbles of the length
    header |= 1 << (1 + 1 + 2 + 16)  # ISUNCOMPRESSED
    return header.to_bytes(3, "little") + data + b"\x03"


def test_compressed_keywords_of_jpeg_xl_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jxl"
    path.write_bytes(_jxl(box(b"brob", b"xml ", _uncompressed_brotli(PACKET))))
    assert sorted(named_keywords(photo_keywords(path, [])[0])) == ["Rosa & friends", "trip/holiday"]
    path.write_bytes(_jxl(box(b"brob", b"xml ", b"no brotli"), box(b"brob", b"Exif", b"x")))
    assert not any(photo_keywords(path, [])[0].values())


@pytest.mark.parametrize("wide", [False, True])
def test_the_keywords_of_cr3_and_jpeg_2000_are_read(tmp_path: Path, wide: bool) -> None:
    content = XMP_UUID + PACKET
    uuid = wide_box(b"uuid", content) if wide else box(b"uuid", content)
    other = box(b"uuid", bytes(range(16)), b"something else")
    for name, head in (
        ("a.cr3", box(b"ftyp", b"crx \0\0\0\1crx isom")),
        ("a.jp2", JP2 + box(b"ftyp", b"jp2 \0\0\0\0")),
    ):
        (tmp_path / name).write_bytes(head + box(b"moov", bytes(40)) + other + uuid + box(b"mdat", bytes(100)))
        assert embedded_packets(tmp_path / name) == [PACKET]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("suffix", ["heic", "avif", "jxl", "jp2"])
def test_the_keywords_that_exiftool_writes_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    try:
        if suffix == "jxl":
            path.write_bytes(_jxl())
        elif suffix == "jp2":
            Image.new("RGB", (64, 64)).save(path, "JPEG2000")
        elif suffix == "heic":
            import pillow_heif

            pillow_heif.from_pillow(Image.new("RGB", (64, 64))).save(path)
        else:
            Image.new("RGB", (64, 64)).save(path, "AVIF")
    except (KeyError, OSError, RuntimeError, ValueError):
        pytest.skip("no encoder")
    tags = ["-XMP-dc:Subject=Rosa & friends", "-XMP-lr:HierarchicalSubject=trip|holiday", "-XMP-dc:Subject=Röschen"]
    command = ["exiftool", "-q", "-overwrite_original", *tags, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    assert sorted(named_keywords(photo_keywords(path, [])[0])) == ["Rosa & friends", "Röschen", "trip/holiday"]


@pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")
@pytest.mark.parametrize("suffix", ["jp2", "tif", "webp", "png"])
def test_the_keywords_that_exiv2_writes_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    try:
        Image.new("RGB", (64, 64)).save(path)
    except (KeyError, OSError):
        pytest.skip("no encoder")
    commands = ["-Mset Xmp.dc.subject XmpBag Rose", "-Mset Xmp.lr.hierarchicalSubject XmpBag trip|holiday"]
    subprocess.run(["exiv2", "-q", *commands, str(path)], check=True, capture_output=True)
    assert sorted(named_keywords(photo_keywords(path, [])[0])) == ["Rose", "trip/holiday"]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_the_same_keywords_in_our_cr3(tmp_path: Path) -> None:
    path = tmp_path / "a.cr3"
    path.write_bytes(box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"uuid", XMP_UUID, PACKET) + box(b"mdat", bytes(8)))
    done = subprocess.run(["exiftool", "-s3", "-XMP-dc:Subject", str(path)], check=True, capture_output=True)
    assert done.stdout.decode().strip() == "holiday, Rosa & friends"


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_the_iptc_keywords_that_exiftool_writes_into_a_tiff_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.new("RGB", (8, 8)).save(path)
    command = ["exiftool", "-q", "-overwrite_original", "-IPTC:Keywords=Rose", "-IPTC:Keywords=holiday", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    assert [keyword for block in iptc_blocks(path) for keyword in iptc_keywords(block)] == ["Rose", "holiday"]
    assert sorted(named_keywords(photo_keywords(path, [])[0])) == ["Rose", "holiday"]


def test_a_film_and_an_endless_table_hang_nothing(tmp_path: Path) -> None:
    endless = struct.pack(">IBBI", 2 << 24, 0x44, 0, 0xFFFF_FFFF)
    meta = box(b"meta", bytes(4), iinf(b"hvc1\0", _XMP_ITEM), box(b"iloc", endless))
    assert xmp_items(meta[8:]) == []
    references = box(b"iref", bytes(4), box(b"thmb", struct.pack(">HHH", 2, 1, 1)))
    assert thumbnail_extent(box(b"meta", bytes(4), references, box(b"iloc", endless))) is None
    for name, data in {
        "a.heic": box(b"ftyp", b"heic") + struct.pack(">I", 0xFFFF_FFFF) + b"meta",
        "b.heic": box(b"ftyp", b"heic") + struct.pack(">I4sQ", 1, b"meta", 1 << 62),
        "c.heic": box(b"ftyp", b"heic") + struct.pack(">I", 0) + b"meta",
        "d.mp4": box(b"ftyp", b"isom") + b"".join(box(b"free") for _ in range(5000)),
        "e.jxl": JXL + b"\0\0\0\7xml ",
    }.items():
        (tmp_path / name).write_bytes(data)
        assert embedded_packets(tmp_path / name) == []


def test_a_packet_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jxl"
    with path.open("wb") as file:
        file.write(JXL + struct.pack(">I", 8 + MAX_BYTES + 9) + b"xml ")
        file.truncate(12 + 8 + MAX_BYTES + 9)
    assert embedded_packets(path) == []


@settings(max_examples=300, derandomize=True)
@given(data=st.binary(max_size=80), at=st.integers(0, 400))
def test_any_damage_is_read_or_left(data: bytes, at: int) -> None:
    whole = box(b"meta", bytes(4), iinf(b"hvc1\0", _XMP_ITEM), iloc(1, (0, 20)), box(b"idat", PACKET[:300]))[8:]
    for damaged in (data, whole[:at] + data + whole[at:], whole[:at] + data):
        for item in xmp_items(damaged):
            assert isinstance(item, (bytes, tuple))
    stream = io.BytesIO(box(b"ftyp", b"heic") + box(b"meta", whole[:at] + data))
    assert all(isinstance(each, bytes) for each in boxes.box_packets(stream, stream.getvalue()[:16]))  # type: ignore[arg-type]
