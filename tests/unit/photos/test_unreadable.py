"""Files that are no photo, broken, empty or absurd: refused with a reason, quietly, and nothing ever hangs."""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
import warnings
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos import file_bytes, formats
from flowersorter.photos.read import read_photo
from flowersorter.photos.read_errors import RefusalError
from tests.drawing import (
    assert_upright,
    four_corners,
    jpeg_bytes,
    textured,
    with_scans,
    write_heic,
    write_jpeg,
)
from tests.stuck import LIMIT_S


def _reason(path: Path) -> str:
    with pytest.raises(PhotoUnreadable) as caught:
        read_photo(path, short_side_px=64)
    assert caught.value.what == f"{path.name} cannot be opened as a photo"
    return caught.value.why


def _reason_of(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    return _reason(path)


@pytest.fixture(autouse=True)
def nothing_leaks(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> object:
    """Neither Pillow nor a C library may write to the terminal or the log."""
    yield
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"hello, I am a text", "it is not an image"),
        (b"<html></html>", "it is not an image"),
        (bytes(5000), "the file holds nothing but zeros"),
        (b"%PDF-1.7 ...", "it is a PDF document, not an image"),
        (b"8BPS\0\1" + bytes(30), "it is a Photoshop file, which FlowerSorter cannot open"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(100), "it is a video, not an image"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(100), "it is a video, not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 100, "the image is damaged"),
        (b"\xff\xd8\xff\xda\0\2" + bytes(100), "the image is damaged"),
        (b"GIF89a" + b"\xff" * 3, "the image is damaged"),
    ],
)
def test_reasons_in_plain_words(tmp_path: Path, data: bytes, reason: str) -> None:
    assert _reason_of(tmp_path, data) == reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_cut_off_file_says_so(tmp_path: Path, kind: str, part: float) -> None:
    file = io.BytesIO()
    textured((300, 200)).save(file, kind)
    data = file.getvalue()

    assert _reason_of(tmp_path, data[: int(len(data) * part)]) == "the file is incomplete"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
def test_no_cut_of_a_large_jpeg_goes_unnoticed(tmp_path: Path, options: dict[str, int]) -> None:
    data = jpeg_bytes(textured((1600, 1200), seed=3), **options)
    for cut in [*range(700, len(data), len(data) // 23), len(data) - 40]:
        assert _reason_of(tmp_path, data[:cut]) == "the file is incomplete"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
@pytest.mark.parametrize("short_side_px", [64, 1200])
def test_a_jpeg_that_lacks_only_its_end_marker_is_read(
    tmp_path: Path, options: dict[str, int], short_side_px: int
) -> None:
    data = jpeg_bytes(textured((1600, 1200), seed=3), **options)
    whole, without = tmp_path / "whole.jpg", tmp_path / "without.jpg"
    whole.write_bytes(data)
    for lost_bytes in (1, 2):
        without.write_bytes(data[:-lost_bytes])

        read = read_photo(without, short_side_px=short_side_px).pixels

        assert (read == read_photo(whole, short_side_px=short_side_px).pixels).all()
    assert _reason_of(tmp_path, data[:-20]) == "the file is incomplete"


def test_no_cut_of_a_heic_goes_unnoticed(tmp_path: Path) -> None:
    for tile_size in (0, 256):
        data = write_heic(tmp_path / "a.heic", textured((700, 500)), tile_size=tile_size).read_bytes()
        for cut in [*range(400, len(data), len(data) // 13), len(data) - 2]:
            assert _reason_of(tmp_path, data[:cut]) == "the file is incomplete"


def test_broken_middle_of_a_png_is_noticed(tmp_path: Path) -> None:
    file = io.BytesIO()
    textured((300, 200)).save(file, "PNG")
    data = bytearray(file.getvalue())
    data[len(data) // 2] ^= 0xFF

    assert _reason_of(tmp_path, bytes(data)) in ("the image is damaged", "the file is incomplete")


def test_other_formats_of_pillow_stay_shut(tmp_path: Path) -> None:
    for kind in ("PPM", "TGA", "PCX", "ICNS", "EPS", "SGI", "DDS", "PDF"):
        file = io.BytesIO()
        four_corners((64, 64)).save(file, kind)

        assert _reason_of(tmp_path, file.getvalue())


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize("size", [(16000, 16000), (30000, 20000), (100000, 100000), (2**31 - 1, 2**31 - 1)])
def test_decompression_bomb_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    assert "too" in _reason_of(tmp_path, _png_header(*size))


def test_largest_cameras_are_not_bombs() -> None:
    formats.refuse_if_too_large((16320, 12240))

    with pytest.raises(RefusalError, match="too large: 20000 x 20000 pixels, the limit is 250 million"):
        formats.refuse_if_too_large((20000, 20000))


def test_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.jpg"
    with path.open("wb") as file:
        file.truncate(file_bytes.MAX_BYTES + 1)  # sparse: takes no space
    monkeypatch.setattr(file_bytes, "_read_all", lambda *_: pytest.fail("it was read"))

    assert _reason(path) == "the file is larger than 700 MB"


def test_missing_forbidden_and_folders(tmp_path: Path) -> None:
    assert _reason(tmp_path / "gone.jpg") == "the file is not there"
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    assert _reason(folder) == "it is a folder"
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    assert _reason(loop) == "it is a link that leads to itself"
    with pytest.raises(PhotoUnreadable, match="not valid"):
        read_photo(Path("nul\0byte.jpg"), short_side_px=64)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "photo.jpg")
    path.chmod(0)

    assert _reason(path) == "access is refused"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_pipes_sockets_and_devices_never_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    reason = "it is a pipe or a device, not a file"
    assert _reason(pipe) == reason
    assert _reason(Path("/dev/zero")) == reason
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        assert _reason(Path("socket.jpg")) == reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_file_that_becomes_a_pipe_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = write_jpeg(tmp_path / "photo.jpg").stat()
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    monkeypatch.setattr(os, "stat", lambda _: ordinary)
    reasons: list[str] = []

    reader = threading.Thread(target=lambda: reasons.append(_reason(pipe)), daemon=True)
    reader.start()
    reader.join(LIMIT_S)

    assert reasons == ["it is a pipe or a device, not a file"]


@pytest.mark.parametrize("change", [b"more", None])
def test_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: bytes | None
) -> None:
    path = write_jpeg(tmp_path / "photo.jpg")
    read_all = file_bytes._read_all

    def read_and_change(stream: io.FileIO, size_bytes: int) -> bytes:
        data = read_all(stream, size_bytes)
        if change is None:
            os.utime(path, ns=(1, 1))
        else:
            with path.open("ab") as file:
                file.write(change)
        return data

    monkeypatch.setattr(file_bytes, "_read_all", read_and_change)

    assert _reason(path) == "the file changed while it was read"


def test_drive_that_hands_out_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowFile(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 100)) or b""

    path = write_jpeg(tmp_path / "photo.jpg")
    monkeypatch.setattr(file_bytes, "FileIO", SlowFile)

    assert file_bytes.read_file(path).data == path.read_bytes()


def test_out_of_memory_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(_: Image.Image) -> None:
        raise MemoryError

    path = write_jpeg(tmp_path / "photo.jpg")
    monkeypatch.setattr(ImageFile.ImageFile, "load", exhausted)

    assert _reason(path) == "there is not enough memory to open it"


def test_an_unprintable_name_is_shown(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bl\xfcte.jpg"))

    with pytest.raises(PhotoUnreadable) as caught:
        read_photo(path, short_side_px=64)

    assert str(caught.value).encode("utf-8")


def test_unusual_but_intact_photos_give_no_warning(tmp_path: Path) -> None:
    # An MPF marker without a second picture, which Pillow warns about.
    data = jpeg_bytes()
    path = tmp_path / "photo.jpg"
    path.write_bytes(data[:2] + b"\xff\xe2\x00\x0cMPF\0II*\0\xff\xff" + data[2:])
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\x10\0\0\0\x10\0"  # a name behind the end of the block
    other = tmp_path / "other.jpg"
    other.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    for strange in (path, other):
        with pytest.warns(UserWarning, match="malformed|Corrupt|Truncated|larger"), Image.open(strange) as image:
            image.getexif().get(271)

        read_photo(strange, short_side_px=64)


def test_pillows_warnings_stay_quiet_after_other_filters_came(tmp_path: Path) -> None:
    warnings.simplefilter("error")

    test_unusual_but_intact_photos_give_no_warning(tmp_path)
    with pytest.raises(UserWarning, match="ours"):
        warnings.warn("ours", stacklevel=1)


def test_truncated_pictures_are_never_patched_up() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_a_jpeg_with_thousands_of_scans_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """Each scan costs a pass over the whole picture: 2,000 of 750 bytes stopped labelling for hours."""
    progressive = jpeg_bytes(progressive=True)
    why = "the JPEG has more than 500 scans, which would take hours to decode"
    assert _reason_of(tmp_path, with_scans(progressive, 2_000)) == why
    assert _reason_of(tmp_path, with_scans(progressive, 501)) == why


def test_up_to_500_scans_are_read_and_what_follows_the_picture_is_not_counted(tmp_path: Path) -> None:
    """A video behind the picture holds any bytes, as phones append it, and so does a colour profile in front of it."""
    plain = jpeg_bytes(progressive=True)
    many = with_scans(plain, 500)
    appended = plain + b"\xff\xda" * 501
    in_front = plain[:2] + b"\xff\xe2\x07\xd2" + b"\xff\xda" * 1000 + plain[2:]
    for data in (many, appended, in_front):
        path = tmp_path / "photo.jpg"
        path.write_bytes(data)
        assert_upright(read_photo(path, short_side_px=64).pixels)
