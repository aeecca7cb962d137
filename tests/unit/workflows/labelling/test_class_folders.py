"""Class folders in train and val, and class folders in the folder of their parent."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, silent
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.labelling.class_folders import ClassFolders
from flowersorter.workflows.training.train import TrainFolderRequest, TrainResult, train_folder
from tests.unit.workflows.conftest import draw_photos


def trained(engine: Engine, folder: Path, *, add: bool = False, flat: bool = False) -> TrainResult:
    return train_folder(engine, TrainFolderRequest(folder, add=add, flat=flat), silent, CancelToken())


def split(folder: Path, train: str = "train", val: str = "val") -> Path:
    """Draw a data set: five photos of each colour to learn from, three to evaluate, one of these in a wrong folder."""
    for number, colour in enumerate(("red", "green")):
        draw_photos(folder / train / colour, colour, 5, first=100 * number)
        draw_photos(folder / val / colour, colour, 3, first=100 * number + 50)
    draw_photos(folder / val / "red", "green", 1, first=190)
    return folder


@pytest.mark.parametrize(("train", "val"), [("train", "val"), ("Training", "validation"), ("train", "test")])
def test_a_data_set_is_learned_from_train_and_evaluated_on_val(
    engine: Engine, tmp_path: Path, train: str, val: str
) -> None:
    folder = split(tmp_path / "set", train, val)
    result = trained(engine, folder)
    assert set(result.classes) == {"red", "green"}
    assert (result.photos, result.validated, result.validated_right) == (10, 7, 6)
    assert len(engine.collection.labels.all()) == 10, "val is never learned from"
    measured = evaluate(engine, EvaluateRequest(folder), silent, CancelToken())
    assert (measured.photos, measured.seen) == (7, 0)


def test_photos_beside_train_and_val_are_no_class(engine: Engine, tmp_path: Path) -> None:
    folder = split(tmp_path / "set")
    draw_photos(folder / "unsorted", "blue", 2)
    result = trained(engine, folder)
    assert (set(result.classes), result.photos) == ({"red", "green"}, 10)


def test_classes_that_are_called_train_and_test_are_classes(engine: Engine, tmp_path: Path) -> None:
    for name, colour in (("train", "red"), ("test", "green")):
        draw_photos(tmp_path / "railway" / name, colour, 4)
    assert set(trained(engine, tmp_path / "railway").classes) == {"train", "test"}


@pytest.mark.parametrize("loose", ["", "train", "val", "test"])
@pytest.mark.parametrize("inner", ["", "download"])
def test_photos_beside_the_class_folders_of_a_data_set_have_no_class(tmp_path: Path, loose: str, inner: str) -> None:
    top = tmp_path / "set" / inner
    folders = [top / part / name for part in ("train", "val") for name in ("red", "green")]
    found = ClassFolders.of_parents(tmp_path / "set", [*folders, top / loose])
    assert {found.class_of(folder) for folder in folders} == {"red", "green"}
    assert found.class_of(top / loose) is None
    assert [found.held_out(folder) for folder in folders] == [False, False, True, True]


def test_a_test_folder_without_classes_is_no_class(tmp_path: Path) -> None:
    folders = [tmp_path / "train" / "red", tmp_path / "train" / "green", tmp_path / "test"]
    found = ClassFolders.of_parents(tmp_path, folders)
    assert [found.class_of(folder) for folder in folders] == ["red", "green", None]


def test_a_photo_in_train_and_in_val_only_trains(engine: Engine, tmp_path: Path) -> None:
    folder = split(tmp_path / "set")
    (folder / "val" / "red" / "again.jpg").write_bytes((folder / "train" / "red" / "red_0.jpg").read_bytes())
    result = trained(engine, folder)
    assert (result.photos, result.validated) == (10, 7)


def test_a_label_of_val_is_not_learned_from_with_add(engine: Engine, tmp_path: Path) -> None:
    folder = split(tmp_path / "set")
    trained(engine, folder / "val")
    result = trained(engine, folder, add=True)
    assert (result.photos, result.validated) == (10, 7)


def test_a_species_in_the_folder_of_its_genus_is_a_class_of_both_names(engine: Engine, tmp_path: Path) -> None:
    for genus, species, colour in (("rosa", "canina", "red"), ("rosa", "rugosa", "blue"), ("tulipa", "alba", "green")):
        draw_photos(tmp_path / "plants" / genus / species, colour, 4)
    result = trained(engine, tmp_path / "plants")
    assert set(result.classes) == {"rosa/canina", "rosa/rugosa", "tulipa/alba"}
    assert set(trained(engine, tmp_path / "plants", flat=True).classes) == {"rosa", "tulipa"}


@pytest.mark.parametrize(
    "folders",
    [
        ("rose/2023", "rose/2024", "tulip/2025"),  # by date, as a sort makes them
        ("rose/phone", "tulip/phone", "tulip/camera"),  # by something that roses and tulips share
        ("rose", "rose/garden", "rose/park", "tulip/alba"),  # photos of a class beside its sub-folders
        ("rose/garden", "tulip/park"),  # nothing to tell apart below either
    ],
)
def test_sub_folders_of_a_class_that_may_be_no_classes_are_none(
    engine: Engine, tmp_path: Path, folders: tuple[str, ...]
) -> None:
    for number, each in enumerate(folders):
        draw_photos(tmp_path / "sorted" / each, "red" if each.startswith("rose") else "green", 3, first=10 * number)
    assert set(trained(engine, tmp_path / "sorted").classes) == {"rose", "tulip"}


@pytest.mark.parametrize(
    ("folders", "classes", "merged"),
    [
        (("cat/leopard", "cat/cougar", "ship"), {"cat/leopard", "cat/cougar", "ship"}, ()),
        (("cat/leopard", "cat/cougar", "ship", "ship/small"), {"cat/leopard", "cat/cougar", "ship"}, ("ship",)),
        (("cat/leopard", "cat/cougar", "sea/2023", "sea/2024"), {"cat/leopard", "cat/cougar", "sea"}, ("sea",)),
        (("cat/leopard", "cat/cougar", "a/other", "b/other"), {"cat/leopard", "cat/cougar", "a", "b"}, ("a", "b")),
        (("cat/leopard", "cat/cougar", "."), {"cat/leopard", "cat/cougar"}, ()),
        (("cat/leopard/wild", "cat/cougar"), {"cat/leopard", "cat/cougar"}, ("cat/leopard",)),
    ],
)
@pytest.mark.parametrize("parts", [("",), ("train", "val")])
def test_the_folders_in_a_class_folder_are_classes_whatever_is_beside_it(
    tmp_path: Path, parts: tuple[str, ...], folders: tuple[str, ...], classes: set[str], merged: tuple[str, ...]
) -> None:
    parents = [tmp_path / part / folder for part in parts for folder in folders]
    found = ClassFolders.of_parents(tmp_path, parents)
    assert {found.class_of(parent) for parent in parents} - {None} == classes
    assert found.merged(parents) == merged
    flat = ClassFolders.of_parents(tmp_path, parents, flat=True)
    assert {flat.class_of(parent) for parent in parents} - {None} == {name.split("/")[0] for name in classes}
    assert flat.merged(parents) == (), "the person asked for it"


def test_class_folders_without_a_photo_and_classes_only_in_val_are_named(engine: Engine, tmp_path: Path) -> None:
    folder = split(tmp_path / "set")
    draw_photos(folder / "train" / "blue" / "sky", "blue", 3, first=300)
    draw_photos(folder / "train" / "blue" / "sea", "blue", 3, first=310)
    draw_photos(folder / "val" / "white", "blue", 2, first=400)
    for empty in ("black", "blue/ink", ".hidden"):
        (folder / "train" / empty).mkdir()
    result = trained(engine, folder)
    assert set(result.classes) == {"red", "green", "blue/sky", "blue/sea"}
    assert result.left_out.empty == ("black", "blue/ink")
    assert (result.validated, result.only_validated) == (9, ("white",))
    assert str(result.left_out.in_words(["black"])) == "black (no files)"


def test_a_class_folder_of_unreadable_files_is_named(engine: Engine, tmp_path: Path) -> None:
    draw_photos(tmp_path / "two" / "red", "red", 3)
    (tmp_path / "two" / "green").mkdir()
    (tmp_path / "two" / "green" / "photo.jpg").write_bytes(b"no photo")
    with pytest.raises(TooFewPhotos, match=r"no photo can be used of green \(1 unreadable\)"):
        trained(engine, tmp_path / "two")
