"""Sorting says which film stays because it was taken at another time than the photo of its name."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from tests.drawing import RED, film_bytes, textured, write_jpeg
from tests.unit.commands.conftest import Run

TAKEN = datetime(2024, 5, 5, 10, 0, 0)


def test_a_film_of_another_year_is_named_and_stays(run: Run, photos: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        photo = write_jpeg(photos / f"IMG_{number}.jpg", textured((96, 72), RED, 60 + number), taken_at=TAKEN)
        run("label", photo, "--as", "red")
    together, other = photos / "IMG_1.mov", photos / "IMG_2.mov"
    together.write_bytes(film_bytes(TAKEN))
    other.write_bytes(film_bytes(TAKEN.replace(year=2022)))
    to = tmp_path / "sorted"

    dry = run("sort", photos, "--to", to, "--dry-run")
    assert f"{other} stays: it was taken at another time than the photo of its name" in dry
    assert "With them 1 sidecar file: 1 .mov" in dry
    summary = json.loads(run("sort", photos, "--to", to, "--move", "--json").splitlines()[-1])["summary"]
    assert summary["films_of_another_time"] == [str(other)]
    assert (summary["sidecars"], summary["staying"]) == ({".mov": 1}, {".mov": 1})
    assert other.exists()
    assert [path.name for path in to.rglob("*.mov")] == ["IMG_1.mov"]
