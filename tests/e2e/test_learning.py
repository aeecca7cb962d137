"""Training and measuring from the terminal, on drawn classes and on real flowers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.drawing import write_classes
from tests.e2e.program import ROOT, Program

FLOWERS = ROOT.parent / "shared" / "flowers"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Path, Path]:
    """A collection that learned three colours, what it learned from, and other photos of the same classes."""
    base = tmp_path_factory.mktemp("learning")
    learn, check = base / "learn", base / "check"
    write_classes(learn, {"red ones": 8, "grün": 8, "blau": 8}, size=(160, 120))
    for path in [*learn.rglob("IMG_7.jpg"), *learn.rglob("IMG_8.jpg")]:
        (check / path.parent.name).mkdir(parents=True, exist_ok=True)
        path.rename(check / path.parent.name / path.name)
    (learn / "blau" / "broken.jpg").write_text("not a photo\n")
    program = Program(base / "collection", base)
    result = program.ok("train", learn, "--json")
    assert result.objects[0]["path"] == str(learn / "blau" / "broken.jpg")
    summary = result.summary
    assert (summary["photos"], summary["current"], summary["unreadable"]) == (18, True, 1)
    assert set(summary["classes"]) == {"red ones", "grün", "blau"}
    return program, learn, check


def test_training_made_the_current_model(trained: tuple[Program, Path, Path]) -> None:
    program, _, _ = trained
    models = program.ok("models", "--json").objects[:-1]
    assert [model["id"] for model in models if model["current"]] == [1]
    assert set(models[0]["classes"]) == {"red ones", "grün", "blau"}
    assert [m["id"] for m in program.ok("models", "--use", "starter", "--json").objects[:-1] if m["current"]] == [
        "starter"
    ]
    assert "*  1 " in program.ok("models", "--use", "1").out


def test_evaluate_measures_on_class_folders(trained: tuple[Program, Path, Path]) -> None:
    program, _, check = trained
    summary = program.ok("evaluate", check, "--json").summary
    assert summary["photos"] == 6
    assert summary["accuracy"] == 1.0
    low, high = summary["interval"]
    assert 0 < low < 1 == pytest.approx(high)
    assert sum(map(sum, summary["confusion"])) == 6
    assert all(summary["confusion"][i][i] == 2 for i in range(3))
    assert set(summary["per_class"]) == set(summary["classes"]) == {"red ones", "grün", "blau"}
    assert summary["per_class"]["grün"] == {"recall": 1.0, "precision": 1.0, "photos": 2}
    told = program.ok("evaluate", check).out
    assert "Accuracy 100.0 %" in told
    assert "grün" in told


def test_a_class_without_photos_has_null_figures(trained: tuple[Program, Path, Path], tmp_path: Path) -> None:
    program, _, check = trained
    (check / "grün").rename(tmp_path / "grün")
    try:
        finished = program.ok("evaluate", check, "--json")
    finally:
        (tmp_path / "grün").rename(check / "grün")
    assert "NaN" not in finished.out
    assert finished.summary["photos"] == 4
    assert finished.summary["per_class"]["grün"] == {"recall": None, "precision": None, "photos": 0}


def test_the_trained_model_predicts(trained: tuple[Program, Path, Path]) -> None:
    program, _, check = trained
    [entry] = program.ok("predict", check / "grün" / "IMG_7.jpg", "--json").objects[:-1]
    assert entry["class"] == "grün"


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_export_writes_the_current_model(trained: tuple[Program, Path, Path], tmp_path: Path, suffix: str) -> None:
    program, _, _ = trained
    file = tmp_path / f"model{suffix}"
    assert "grün" in program.ok("export", file).out
    assert file.stat().st_size > 1000


def test_a_folder_without_classes_teaches_nothing(fresh: Program, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    failed = fresh.run("train", tmp_path / "empty", "--json")
    assert failed.code == 1
    assert failed.out == ""
    assert "at least two sub-folders" in failed.err


def test_a_refused_training_is_not_followed_by_sorting(fresh: Program, tmp_path: Path) -> None:
    write_classes(tmp_path / "one", {"violets": 3})
    failed = fresh.run("train", tmp_path / "one")
    assert failed.code == 1
    assert "at least two sub-folders" in failed.err
    shutil.copytree(tmp_path / "one" / "violets", tmp_path / "photos")
    entries = fresh.ok("predict", tmp_path / "photos", "--json").objects[:-1]
    assert [entry["by"] for entry in entries] == ["model"] * 3
    assert "violets" not in {entry["class"] for entry in entries}
    fresh.ok("sort", tmp_path / "photos", "--to", tmp_path / "sorted")
    assert not (tmp_path / "sorted" / "violets").exists()


@pytest.mark.real_photos
@pytest.mark.skipif(not FLOWERS.is_dir(), reason="no real photos beside the checkout")
def test_the_whole_way_on_real_flowers(fresh: Program, tmp_path: Path) -> None:
    learn, other = tmp_path / "learn", tmp_path / "other"
    names = sorted(folder.name for folder in FLOWERS.iterdir() if folder.is_dir())[:3]
    other.mkdir()
    truth = {}
    for name in names:
        photos = sorted((FLOWERS / name).glob("*.jpg"))
        (learn / name).mkdir(parents=True)
        for photo in photos[:4]:
            shutil.copy2(photo, learn / name)
        for photo in photos[4:6]:
            shutil.copy2(photo, other / f"{name} {photo.name}")
            truth[f"{name} {photo.name}"] = name
    trained = fresh.ok("train", learn, "--json").summary
    assert trained["photos"] == 4 * len(names)
    entries = fresh.ok("predict", other, "--json").objects[:-1]
    right = [entry["class"] == truth[Path(entry["path"]).name] for entry in entries]
    assert len(right) == 2 * len(names)
    assert sum(right) / len(right) >= 0.6  # few photos: this is about the way, not the figure

    filed = fresh.ok("sort", other, "--to", tmp_path / "sorted", "--json")
    for entry in filed.objects[:-1]:
        if entry["action"] == "copy":
            assert Path(entry["to"]).parent.name == entry["class"]
    assert filed.summary["sorted"] + filed.summary["left"] + filed.summary["duplicates"] == len(truth)
    fresh.ok("undo")
    assert not (tmp_path / "sorted").exists()
