from __future__ import annotations

import hashlib
from pathlib import Path

from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.destination_contents import DestinationContents
from tests.unit.sorting.file_trees import write


def test_a_file_that_was_read_just_now_is_not_read_again(tmp_path: Path) -> None:
    known, other = write(tmp_path / "a.jpg", b"known"), write(tmp_path / "b.jpg", b"other")
    read: list[Path] = []

    def hash_file(path: Path) -> bytes:
        read.append(path)
        return hashlib.sha256(path.read_bytes()).digest()

    sha256 = hashlib.sha256(b"known").digest()
    contents = DestinationContents(FileSystem(), tmp_path, {known: sha256}.get, hash_file)
    assert list(contents.all_with(5, sha256)) == [known]
    assert read == [other]
