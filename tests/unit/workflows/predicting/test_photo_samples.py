"""A folder is compared with photos of every class that its model suggests, or with none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.jobs import CancelToken, silent
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import NamedModel, model_for, starter
from flowersorter.workflows.predicting.folder_accuracy import find_accuracy
from flowersorter.workflows.predicting.photo_samples import FolderPhotos
from flowersorter.workflows.predicting.unknown_photos import (
    find_unknown_photos,
    find_unreached_photos,
    judged_by_folder,
    unknown_probability,
)
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.predicting.test_folder_accuracy import NAMES, photos
from tests.unit.workflows.predicting.test_unknown_photos import starter_embeddings
from tests.unit.workflows.stored_photos import remember


def starter_photos(per_class: int) -> tuple[NDArray[np.float32], list[str]]:
    """Embeddings of some starter photos of each class, with the names of their classes."""
    base = starter()
    rows = [row for c in range(5) for row in np.flatnonzero(base.targets == c)[:per_class].tolist()]
    return starter_embeddings(rows), [base.model.class_names[c] for c in base.targets[rows].tolist()]


def of_engine(engine: Engine) -> NamedModel:
    named = model_for(engine, "resnet50")
    assert named is not None
    return named


def unlabelled(engine: Engine, folder: Path, embeddings: NDArray[np.float32], names: list[str]) -> NDArray[np.int64]:
    ids = remember(engine.collection, folder, embeddings, names)
    engine.collection.labels.clear(ids)
    return np.sort(np.array(ids, np.int64))


def test_a_new_collection_compares_with_the_starters_photos(engine: Engine, tmp_path: Path) -> None:
    ids = unlabelled(engine, tmp_path / "garden", *starter_photos(20))
    labelled = FolderPhotos(engine, of_engine(engine), ids).labelled
    assert labelled is not None
    assert (labelled[0] < 0).all()
    assert np.unique(labelled[1].classes, return_counts=True)[1].tolist() == [300] * 5


def test_the_first_labels_leave_the_accuracy_as_it_is(engine: Engine, tmp_path: Path) -> None:
    """One label is no class: label propagation from it alone would give every photo that class."""
    embeddings, names = starter_photos(20)
    ids = unlabelled(engine, tmp_path / "garden", embeddings, names)
    before = find_accuracy(FolderPhotos(engine, of_engine(engine), ids), CancelToken())[0]
    assert before is not None
    assert not before.differs
    for count in (1, 2):
        labels = {
            int(ids[row]): Label(
                engine.collection.classes.resolve(names[row], ClassOrigin.PERSON).id, LabelOrigin.PERSON
            )
            for row in range(0, 20 * count, 20)
        }
        engine.collection.labels.assign_many(labels)
        folder = FolderPhotos(engine, of_engine(engine), ids)
        assert folder.labelled is not None
        assert np.count_nonzero(folder.labelled[0] > 0) == count
        after = find_accuracy(folder, CancelToken())[0]
        assert after is not None
        assert not after.differs
        assert after.accuracy == pytest.approx(before.accuracy, abs=0.02)


@pytest.fixture
def taught(engine: Engine, tmp_path: Path) -> NamedModel:
    delete_starter_classes(engine.collection)
    remember(engine.collection, tmp_path / "labelled", photos(40, 0), list(NAMES) * 40)
    retrain(engine, RetrainRequest(), silent, CancelToken())
    return of_engine(engine)


def test_a_class_that_has_lost_its_labels_leaves_nothing_to_compare_with(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    ids = unlabelled(engine, tmp_path / "new", photos(20, 1), list(NAMES) * 20)
    assert FolderPhotos(engine, taught, ids).labelled is not None
    asters = engine.collection.classes.resolve("aster", ClassOrigin.PERSON).id
    engine.collection.labels.clear(
        [photo_id for photo_id, class_id in engine.collection.labels.class_ids().items() if class_id == asters]
    )
    folder = FolderPhotos(engine, taught, ids)
    assert folder.labelled is None
    assert find_accuracy(folder, CancelToken())[0] is None


def test_an_imported_model_is_compared_with_no_photos_that_it_may_not_have_seen(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    ids = unlabelled(engine, tmp_path / "new", photos(20, 1), list(NAMES) * 20)
    record = replace(taught.model.training, photos=0, own_photos=0)
    imported = replace(taught, model=replace(taught.model, training=record))
    assert FolderPhotos(engine, imported, ids).labelled is None


def label(engine: Engine, photo_ids: NDArray[np.int64], name: str) -> int:
    """Label photos as a person does; returns the id of the class."""
    class_id = engine.collection.classes.resolve(name, ClassOrigin.PERSON).id
    engine.collection.labels.assign(photo_ids.tolist(), class_id, LabelOrigin.PERSON)
    return class_id


def test_new_classes_of_a_folder_are_judged_by_its_labels_and_the_starters_by_the_starters_photos(
    engine: Engine, tmp_path: Path
) -> None:
    embeddings, names = starter_photos(20)
    flowers = unlabelled(engine, tmp_path / "flowers", embeddings, names)
    others = unlabelled(engine, tmp_path / "others", photos(40, 0), list(NAMES) * 40)
    label(engine, flowers[:3], names[0])
    new = [label(engine, others[at : 24 : len(NAMES)], name) for at, name in enumerate(NAMES)]
    retrain(engine, RetrainRequest(), silent, CancelToken())
    folder = FolderPhotos(engine, of_engine(engine), np.concatenate([flowers, others]))
    assert folder.labelled_here.tolist() == sorted(new), "of the starter's class a few photos of many are labelled here"
    assert find_unknown_photos(folder, CancelToken())
    by_folder = judged_by_folder(engine, folder.named.model, folder.wanted)
    unlabelled_others = np.isin(folder.wanted, others[24:])
    assert by_folder[unlabelled_others].mean() > 0.9
    assert not by_folder[np.isin(folder.wanted, flowers)].any()
    unknown = unknown_probability(engine, folder.named.model, folder.wanted) > UNKNOWN
    assert unknown[unlabelled_others].mean() < 0.05
    assert unknown[np.isin(folder.wanted, flowers)].mean() < 0.05


def test_one_label_of_a_new_class_leaves_the_photos_of_the_others_known(engine: Engine, tmp_path: Path) -> None:
    flowers = unlabelled(engine, tmp_path / "flowers", *starter_photos(20))
    others = unlabelled(engine, tmp_path / "others", photos(30, 0)[::3], ["aster"] * 30)
    label(engine, others[:1], "aster")
    retrain(engine, RetrainRequest(), silent, CancelToken())
    folder = FolderPhotos(engine, of_engine(engine), np.concatenate([flowers, others]))
    find_unknown_photos(folder, CancelToken())
    unknown = unknown_probability(engine, folder.named.model, folder.wanted) > UNKNOWN
    assert unknown[np.isin(folder.wanted, flowers)].mean() < 0.1


def test_labels_of_class_folders_do_not_say_which_photos_of_a_folder_are_unknown(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    ids = unlabelled(engine, tmp_path / "new", photos(20, 1), list(NAMES) * 20)
    labels = engine.collection.labels.class_ids()
    everything = np.concatenate([np.array([*labels], np.int64), ids])
    for origin, classes in ((LabelOrigin.PERSON, sorted(set(labels.values()))), (LabelOrigin.FOLDER, [])):
        engine.collection.labels.assign_many({each: Label(class_id, origin) for each, class_id in labels.items()})
        assert FolderPhotos(engine, taught, everything).labelled_here.tolist() == classes


def test_two_labels_do_not_judge_the_photos_of_an_imported_model(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    """It may have learned these classes from hundreds of photos, which are not here."""
    engine.collection.labels.clear([*engine.collection.labels.class_ids()])
    record = replace(taught.model.training, photos=0, own_photos=0)
    imported = replace(taught, model=replace(taught.model, training=record))
    ids = unlabelled(engine, tmp_path / "new", photos(40, 1), list(NAMES) * 40)
    for at, name in enumerate(NAMES[:2]):
        label(engine, ids[at : at + 1], name)
    find_unknown_photos(FolderPhotos(engine, imported, ids), CancelToken())
    assert not judged_by_folder(engine, imported.model, ids).any()
    assert (unknown_probability(engine, imported.model, ids) > MAYBE_UNKNOWN).mean() < 0.05


def test_a_file_that_cannot_be_read_keeps_no_other_photo_from_being_reached_at_once(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    """With a label it is a photo of the folder, but never has an embedding."""
    engine.collection.labels.clear([*engine.collection.labels.class_ids()])
    ids = unlabelled(engine, tmp_path / "new", photos(40, 1), list(NAMES) * 40)
    for at, name in enumerate(NAMES[:2]):
        label(engine, ids[at : 9 : len(NAMES)], name)
    find_unknown_photos(FolderPhotos(engine, taught, ids), CancelToken())
    third = ids[2 :: len(NAMES)]
    found = unknown_probability(engine, taught.model, third)
    label(engine, third[:5], NAMES[2])
    find_unreached_photos(engine, taught, np.append(ids, 10**9), CancelToken())
    assert (unknown_probability(engine, taught.model, third) != found).any()
    assert not unknown_probability(engine, taught.model, third[:5]).any()


def test_photos_of_the_starters_deleted_classes_are_not_compared_with(engine: Engine, tmp_path: Path) -> None:
    embeddings, names = starter_photos(20)
    delete_starter_classes(engine.collection)
    ids = unlabelled(engine, tmp_path / "flowers", embeddings, [names[0]] * len(names))
    kept = [label(engine, ids[at : at + 10], names[at]) for at in (0, 20)]
    retrain(engine, RetrainRequest(), silent, CancelToken())
    named = of_engine(engine)
    assert named.model.training.built_on_starter, "classes of these names have the starter's photos again"
    labelled = FolderPhotos(engine, named, ids).labelled
    assert labelled is not None
    assert np.unique(labelled[1].classes).tolist() == sorted(kept)
