"""Suggestions write nothing outside the collection and send nothing, whatever the libraries would like to."""

from __future__ import annotations

from pathlib import Path

from tests.drawing import RED, textured, write_jpeg
from tests.e2e.program import Program, imported

#: The program, stopped where Python opens a connection.
WATCHED = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise AssertionError(f"{event} {arguments}")
sys.addaudithook(watch)
from flowersorter.__main__ import main
sys.exit(main())
"""
#: Suffixes in a collection after its first photo: library, checksum, lock, embeddings with their keys, thumbnails.
KEPT = {".sqlite", ".seal", ".lock", ".rows", ".keys", ".jpg"}
_NOWHERE = "http://127.0.0.1:9"  # a port where nothing listens
_OF_THE_HOME_FOLDER = (
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "LOCALAPPDATA",
    "APPDATA",
)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_suggestion_writes_only_the_collection_and_sends_nothing(tmp_path: Path) -> None:
    home, work, temporary = (tmp_path / name for name in ("home", "work", "temporary"))
    photos = tmp_path / "photos"
    for folder in (home, work, temporary, photos):
        folder.mkdir()
    photo = write_jpeg(photos / "IMG_1.jpg", textured((320, 240), RED))
    extra = {
        **{name: str(home / name.lower()) for name in _OF_THE_HOME_FOLDER},
        "HOME": str(home),
        "USERPROFILE": str(home),
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOWHERE),
        "PYTHONPROFILEIMPORTTIME": "1",
    }
    program = Program(tmp_path / "collection", work, extra)
    for path in (photo, photos):
        done = program.run_code(WATCHED, "predict", path, "--json")
        assert done.code == 0, done.err[-2000:]
        assert len(done.objects) == 2
        loaded = {name.partition(".")[0] for name in imported(done)}
        assert not {"torch", "openvino_telemetry"} & loaded
        assert "openvino" in loaded
        assert (files(home), files(work), files(temporary)) == ([], [], [])
    assert files(photos) == ["IMG_1.jpg"]
    kinds = {Path(name).suffix or name for name in files(tmp_path / "collection")}
    assert kinds == KEPT
