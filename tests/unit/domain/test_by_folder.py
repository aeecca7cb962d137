"""Paths are divided by folder as one by one, in whatever order they come."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from flowersorter.domain import natural_sort as module
from flowersorter.domain.natural_sort import by_folder, natural_ranking
from flowersorter.domain.place import Paths


def one_by_one(paths: list[str]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for position, path in enumerate(paths):
        members.setdefault(path.rpartition(os.sep)[0], []).append(position)
    return members


def paths_of(kind: str) -> list[str]:
    draw = random.Random(kind)
    below = ["", "/roll 1", "/roll 10", "/roll 1/sub", "/roll 1/sub/deep", "/roll-1", "/ü", "/\udcff"]
    folders = ["/", *(f"/p{each}" for each in below)]
    names = [f"{draw.choice(folders).rstrip('/')}/IMG_{number}.jpg" for number in range(200)]
    if kind == "sorted":
        return sorted(names)
    if kind == "bytes":
        return sorted(names, key=os.fsencode)
    if kind == "natural":
        return [names[at] for at in natural_ranking(names)]
    return names


@pytest.mark.parametrize("longest", [1, 7, 1024])
@pytest.mark.parametrize("kind", ["sorted", "bytes", "natural", "mixed"])
def test_paths_are_divided_by_folder(monkeypatch: pytest.MonkeyPatch, kind: str, longest: int) -> None:
    monkeypatch.setattr(module, "_LONGEST_RUN", longest)
    paths = [path.replace("/", os.sep) for path in paths_of(kind)]
    found = {folder: list(positions) for folder, positions in by_folder(paths).items()}
    assert found == one_by_one(paths)
    assert by_folder([]) == {}


def test_the_folders_of_paths_are_numbered_in_natural_order() -> None:
    paths = Paths([path.replace("/", os.sep) for path in paths_of("mixed")])
    folders, numbers = paths.folders
    assert [folders[number] for number in numbers.tolist()] == [name.rpartition(os.sep)[0] for name in paths.names]
    named = [folder for folder in folders if "roll" in folder and folder.count(os.sep) == 2]
    assert [os.path.basename(each) for each in named] == ["roll 1", "roll 10", "roll-1"]  # noqa: PTH119 - texts
    assert Paths().folders[0] == []
    assert numbers.dtype == np.intp
