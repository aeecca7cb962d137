"""The file of scores gives back what was written, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.library.cache.score_file import StoredScores, read_scores, stored_photos, write_scores

MODEL, OTHER, EMBEDDINGS = b"m" * 32, b"o" * 32, b"e" * 31 + b"\0"


def scores(photos: int = 5, width: int = 3) -> StoredScores:
    draw = np.random.default_rng(0)
    hashes = draw.integers(0, 256, (photos, 32)).astype(np.uint8)
    return StoredScores(
        MODEL, EMBEDDINGS, 7, np.arange(photos) + 1, hashes, draw.standard_normal((photos, width)).astype(np.float32)
    )


@pytest.mark.parametrize("photos", [0, 1, 5])
def test_what_is_written_is_read(tmp_path: Path, photos: int) -> None:
    written = scores(photos)
    write_scores(tmp_path / "scores", written)
    read = read_scores(tmp_path / "scores", MODEL)
    assert read is not None
    assert (read.scoring, read.embeddings, read.rows) == (MODEL, EMBEDDINGS, 7)
    for name in ("photo_ids", "hashes", "numbers"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    assert [file.name for file in tmp_path.iterdir()] == ["scores"]


def test_those_of_another_model_are_not_read(tmp_path: Path) -> None:
    assert read_scores(tmp_path / "scores", MODEL) is None
    assert stored_photos(tmp_path / "scores") == 0
    write_scores(tmp_path / "scores", scores())
    assert read_scores(tmp_path / "scores", OTHER) is None
    assert stored_photos(tmp_path / "scores") == 5


def test_a_damaged_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "scores"
    write_scores(file, scores())
    content = file.read_bytes()
    for at in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[at] ^= 1
        file.write_bytes(damaged)
        assert read_scores(file, MODEL) is None
    for length in (0, 10, len(content) - 1):
        file.write_bytes(content[:length])
        assert read_scores(file, MODEL) is None
    file.write_bytes(content + b"more")
    assert read_scores(file, MODEL) is None
