"""Deep training from a collection: a network of its own, an honest model on it, and every way it can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

from flowersorter.domain.figures import Epoch
from flowersorter.errors import Cancelled, DeviceUnavailable, ModelFileBad, TooFewPhotos, UserError, WeightsMissing
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.model_table import ModelStore
from flowersorter.library.models.safetensors_bundle import read_bundle, write_bundle
from flowersorter.library.tables.settings import BACKBONE, FINETUNING_PACE
from flowersorter.vision.backbone.load_weights import load_state
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import hub_cache
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.features.packed import pack
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation import learning_curve as learning_curve_module
from flowersorter.workflows.evaluation.compare_models import LearnedPhotos, delete_model, prune_models
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.evaluation.learning_curve import LearningCurveRequest, learning_curve
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import model_for, use_model
from flowersorter.workflows.models.finetuned_backbones import backbone_of, final_layer, forget_unused, seen_by
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training import incremental_fit
from flowersorter.workflows.training.finetune import FinetuneRequest, FinetuneResult, finetune, likely_seconds
from flowersorter.workflows.training.finetune_split import FinetuneSplit, hold_out
from flowersorter.workflows.training.finetuned_model import not_better
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from flowersorter.workflows.training.training_set import TrainingSet
from tests.tiny_network import PATTERNS, TINY, draw_stripes, tiny_among_the_backbones, tiny_state


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backbone]:
    """A small network among the backbones, its weights on this computer."""
    with tiny_among_the_backbones(tmp_path, monkeypatch) as entry:
        yield entry


@pytest.fixture
def engine(collection: CollectionStore) -> Engine:
    """The engine of the collection, with the networks as they are."""
    return Engine(collection)


@pytest.fixture
def stripes(tmp_path: Path) -> Path:
    folder = tmp_path / "stripes"
    for name in PATTERNS:
        draw_stripes(folder, name, 18)
    return folder


def trained(
    engine: Engine,
    folder: Path | None = None,
    *,
    report: Callable[[object], None] = silent,
    cancel: CancelToken | None = None,
    unfreeze: int = 1,
    epochs: int = 2,
    add: bool = False,
) -> FinetuneResult:
    request = FinetuneRequest(folder, add, unfreeze, epochs, "cpu", "tiny")
    return finetune(engine, request, report, cancel or CancelToken())


@pytest.fixture(autouse=True)
def better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deep training helps: with six held-out photos, all of which plain training may get right, that would not show."""
    monkeypatch.setattr("flowersorter.workflows.training.finetune.not_better", lambda *_: None)


def class_of(collection: CollectionStore, name: str) -> int:
    found = collection.classes.find(name)
    assert found is not None
    return found.id


def test_a_network_of_the_collections_own_speaks_from_now_on(engine: Engine, stripes: Path, tmp_path: Path) -> None:
    news: list[object] = []
    result = trained(engine, stripes, report=news.append, epochs=3)
    assert result.backbone == "tiny-tuned-1"
    assert (result.photos, result.held_out, result.gone) == (36, 6, 0)
    assert [each.number for each in result.epochs] == [0, 1, 2, 3]
    assert [each for each in news if isinstance(each, Epoch)] == list(result.epochs)
    assert {each.stage for each in news if isinstance(each, Progress)} >= {
        "Deep training, epoch 1 of 3",
        "Reading labelled photos",
    }
    assert result.made_current
    assert engine.collection.settings.get(BACKBONE) == "tiny-tuned-1"
    fresh = tmp_path / "fresh"
    for name in PATTERNS:
        draw_stripes(fresh, name, 4, first=100)
    rows = predict_folder(engine, PredictFolderRequest(fresh, "cpu"), silent, CancelToken()).rows
    names = {c.id: c.name for c in engine.collection.classes.all()}
    assert all(path.name.startswith(names[int(c)]) for path, c in zip(rows.paths, rows.class_ids, strict=True))
    assert engine.collection.embeddings("tiny-tuned-1").width == TINY.features


def test_only_what_learned_is_kept_and_the_rest_is_the_backbones(engine: Engine, stripes: Path, tiny: Backbone) -> None:
    own = backbone_of(engine, trained(engine, stripes).backbone)
    assert own.changes is not None
    before, now = load_state(tiny), load_state(own)
    assert before.keys() == now.keys()
    changed = {name for name in now if not np.array_equal(before[name].float().numpy(), now[name].float().numpy())}
    assert changed
    assert {name.partition(".")[0] for name in changed} == {"layer4"}
    assert not any("running" in name or "num_batches" in name for name in changed)
    assert own.changes.stat().st_size < 0.6 * sum(4 * tensor.numel() for tensor in before.values())


def test_figures_come_from_photos_the_network_never_saw(engine: Engine, stripes: Path) -> None:
    for name in PATTERNS:
        draw_stripes(stripes, name, 18, first=50)
    result = trained(engine, stripes)
    seen = seen_by(engine, result.backbone)
    assert len(seen) == result.photos - result.held_out == 60
    named = model_for(engine, result.backbone)
    assert named is not None
    training = named.model.training
    assert (training.photos, training.memorised, training.measured) == (72, 60, 12)
    evaluation = evaluate(engine, EvaluateRequest(), silent, CancelToken())
    hashes = {
        photo.id: photo.sha256 for photo in engine.collection.photos.photos(evaluation.photo_ids.tolist()).values()
    }
    assert len(hashes) == 12
    assert not seen & set(hashes.values())
    assert evaluation.accuracy == result.held_out_accuracy == training.held_out_accuracy


def test_retrain_afterwards_stays_honest_and_measures_with_new_labels_too(
    engine: Engine, stripes: Path, tmp_path: Path
) -> None:
    result = trained(engine, stripes)
    fresh = tmp_path / "fresh"
    draw_stripes(fresh, "wide", 5, first=200)
    rows = predict_folder(engine, PredictFolderRequest(fresh / "wide", "cpu"), silent, CancelToken()).rows
    assign(engine.collection, rows.photo_ids.tolist(), class_of(engine.collection, "wide"))
    again = retrain(engine, RetrainRequest("cpu"), silent, CancelToken())
    assert (again.photos, again.held_out) == (41, result.held_out + 5)
    named = model_for(engine, result.backbone)
    assert named is not None
    assert named.id == again.model_id
    assert named.model.training.memorised == 30


def draw_plain(folder: Path, count: int, *, first: int = 0) -> None:
    """Photos of a red each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        Image.new("RGB", (300, 280), (250 - 8 * number, 30 + 5 * number, 40)).save(folder / f"plain_{number}.jpg")


def test_the_head_leans_on_the_layer_that_was_trained_with_the_network(
    engine: Engine, stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[NDArray[np.float32], NDArray[np.float32]] | None] = []

    def watched(*args: Any, prior: tuple[NDArray[np.float32], NDArray[np.float32]] | None, **others: Any) -> Fitted:
        asked.append(prior)
        return fit(*args, prior=prior, **others)

    monkeypatch.setattr(incremental_fit, "fit", watched)
    train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    result = trained(engine, stripes)
    frozen, with_network = asked
    assert frozen is None
    assert with_network is not None
    weight, bias = with_network
    assert (weight.shape, bias.shape) == ((2, TINY.features), (2,))
    np.testing.assert_allclose(weight[0], -weight[1], rtol=1e-5)  # of two classes only the difference counts
    named = model_for(engine, result.backbone)
    assert named is not None
    assert np.corrcoef(named.model.weight.ravel(), weight.ravel())[0, 1] > 0.5


def test_retrain_keeps_to_that_layer_and_learns_what_came_later(engine: Engine, stripes: Path, tmp_path: Path) -> None:
    result = trained(engine, stripes)
    then = final_layer(engine, result.backbone, ["narrow", "wide"])
    engine.collection.classes.rename(class_of(engine.collection, "wide"), "broad")
    draw_plain(tmp_path / "later", 5)
    rows = predict_folder(engine, PredictFolderRequest(tmp_path / "later", "cpu"), silent, CancelToken()).rows
    assign(engine.collection, rows.photo_ids.tolist(), engine.collection.classes.add("plain").id)
    now = final_layer(engine, result.backbone, ["plain", "narrow", "broad"])
    assert then is not None
    assert now is not None
    for before, after in zip(then, now, strict=True):
        np.testing.assert_array_equal(after, [np.zeros_like(before[0]), *before])
    retrain(engine, RetrainRequest("cpu"), silent, CancelToken())
    draw_plain(tmp_path / "fresh", 1, first=6)
    for name in PATTERNS:
        draw_stripes(tmp_path / "fresh", name, 2, first=100)
    rows = predict_folder(engine, PredictFolderRequest(tmp_path / "fresh", "cpu"), silent, CancelToken()).rows
    names = {c.id: c.name for c in engine.collection.classes.all()}
    told = {path.name.partition("_")[0]: names[int(c)] for path, c in zip(rows.paths, rows.class_ids, strict=True)}
    assert told == {"plain": "plain", "narrow": "narrow", "wide": "broad"}
    engine.collection.classes.merge(class_of(engine.collection, "narrow"), class_of(engine.collection, "broad"))
    merged = final_layer(engine, result.backbone, ["broad"])
    assert merged is not None
    np.testing.assert_allclose(merged[0], 0, atol=1e-6)  # the mean of a difference and its opposite


def test_the_learning_curve_ends_where_the_evaluation_stands(
    engine: Engine, stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its models lean on the layer that was trained with the network, as those of a training do."""
    for name in PATTERNS:
        draw_stripes(stripes, name, 18, first=50)
    result = trained(engine, stripes)
    asked: list[tuple[NDArray[np.float32], NDArray[np.float32]] | None] = []

    def watched(*args: Any, prior: tuple[NDArray[np.float32], NDArray[np.float32]] | None, **others: Any) -> Fitted:
        asked.append(prior)
        return fit(*args, prior=prior, **others)

    monkeypatch.setattr(learning_curve_module, "fit", watched)
    curve = learning_curve(engine, LearningCurveRequest(), silent, CancelToken())
    layer = final_layer(engine, result.backbone, sorted(PATTERNS))
    assert layer is not None
    assert len(asked) == (len(curve.points) - 1) * curve.tries  # the last point is the evaluation itself
    for prior in asked:
        assert prior is not None
        np.testing.assert_array_equal(prior[0], layer[0])
    assert curve.memorised == 60
    whole = evaluate(engine, EvaluateRequest(), silent, CancelToken())
    assert curve.points[-1].right == int(whole.right.sum())
    assert {point.measured for point in curve.points} == {12}


def test_the_final_layer_alone_leaves_the_network_as_it_is(engine: Engine, stripes: Path) -> None:
    for name in PATTERNS:
        draw_stripes(stripes, name, 12, first=50)
    result = trained(engine, stripes, unfreeze=0)
    assert result.backbone == "tiny"
    named = model_for(engine, "tiny")
    assert named is not None
    assert named.id == result.model_id
    training = named.model.training
    assert (training.photos, training.measured) == (60, result.held_out)
    best = result.epochs[result.best]
    assert training.held_out_accuracy == result.held_out_accuracy == best.accuracy
    assert not list((engine.collection.folder / "models").glob("*tuned*"))
    folder_rows(engine, stripes)  # predicts with it


def test_labels_of_the_collection_are_learned_from_and_a_new_network_gets_a_new_name(
    engine: Engine, stripes: Path
) -> None:
    first = trained(engine, stripes)
    second = trained(engine)
    assert (first.backbone, second.backbone) == ("tiny-tuned-1", "tiny-tuned-2")
    assert backbone_of(engine, second.backbone).changes != backbone_of(engine, first.backbone).changes
    assert second.classes == first.classes


def test_stopping_after_the_first_epoch_keeps_the_best_and_says_so(engine: Engine, stripes: Path) -> None:
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Epoch) and news.number == 1:
            cancel.cancel()

    result = trained(engine, stripes, report=stop, cancel=cancel, epochs=5)
    assert result.stopped
    assert (result.best, len(result.epochs)) == (1, 2)
    assert result.made_current
    assert model_for(engine, result.backbone) is not None


def test_stopping_before_changes_nothing(engine: Engine, stripes: Path) -> None:
    plain = train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and "epoch 1" in news.stage:
            cancel.cancel()

    with pytest.raises(Cancelled):
        trained(engine, report=stop, cancel=cancel)
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == plain.model_id
    assert len(engine.collection.models.all()) == 1
    assert [path.name for path in (engine.collection.folder / "models").iterdir()] == [f"{plain.model_id}.safetensors"]


def test_one_class_only_is_told(engine: Engine, tmp_path: Path) -> None:
    draw_stripes(tmp_path / "one", "wide", 8)
    with pytest.raises(TooFewPhotos, match="at least two sub-folders"):
        trained(engine, tmp_path / "one")
    rows = predict_folder(
        engine, PredictFolderRequest(tmp_path / "one" / "wide", "cpu", "tiny"), silent, CancelToken()
    ).rows
    assign(engine.collection, rows.photo_ids.tolist(), engine.collection.classes.add("wide").id)
    with pytest.raises(TooFewPhotos, match="at least two classes"):
        trained(engine)


@pytest.mark.parametrize("cause", ["one class", "few photos", "cancelled", "cannot be kept", "cannot be used"])
def test_a_folder_that_could_not_be_learned_from_leaves_labels_and_classes_as_they_were(
    engine: Engine, stripes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    draw_stripes(tmp_path / "one class", "wide", 8)
    draw_stripes(tmp_path / "few photos", "wide", 8)
    draw_stripes(tmp_path / "few photos", "narrow", 1)
    cancel = CancelToken()

    def stop(news: object) -> None:
        if cause == "cancelled" and isinstance(news, Progress) and "epoch 1" in news.stage:
            cancel.cancel()

    def full(*_: object) -> int:
        raise UserError("The model could not be saved", "the disk is full")

    if cause.startswith("cannot"):
        monkeypatch.setattr(ModelStore, "add" if cause == "cannot be kept" else "use", full)
    folder = tmp_path / cause
    with pytest.raises((TooFewPhotos, Cancelled, UserError)):
        trained(engine, folder if folder.is_dir() else stripes, report=stop, cancel=cancel)
    assert (engine.collection.labels.all(), engine.collection.classes.all(), engine.collection.models.all()) == (
        {},
        [],
        [],
    )


def test_nothing_labelled_is_told(engine: Engine) -> None:
    with pytest.raises(TooFewPhotos, match="no photo has a label"):
        trained(engine)


def test_one_photo_in_a_class_is_told(engine: Engine, tmp_path: Path) -> None:
    draw_stripes(tmp_path / "few", "wide", 8)
    draw_stripes(tmp_path / "few", "narrow", 1)
    with pytest.raises(TooFewPhotos, match="“narrow” has only 1 photo"):
        trained(engine, tmp_path / "few")


def test_a_class_of_near_copies_is_told() -> None:
    targets, groups = np.repeat([0, 1], 8), np.arange(16)
    groups[8:] = 8
    with pytest.raises(TooFewPhotos, match="all photos of “roses” are near-copies"):
        hold_out(targets, groups, ("daisy", "roses"), 42)


def test_a_sixth_of_each_class_is_held_out_and_near_copies_stay_together() -> None:
    targets = np.repeat([0, 1, 2], [60, 12, 6]).astype(np.intp)
    groups = np.arange(78)
    groups[10:14] = 10
    groups[66:68] = 66
    held_out = hold_out(targets, groups, ("a", "b", "c"), 42)
    assert np.bincount(targets[held_out]).tolist() == pytest.approx([10, 2, 1], abs=1)
    for group in (10, 66):
        assert len(set(held_out[groups == group].tolist())) == 1
    assert np.array_equal(held_out, hold_out(targets, groups, ("a", "b", "c"), 42))
    assert not np.array_equal(held_out, hold_out(targets, groups, ("a", "b", "c"), 43))


def test_photos_without_any_picture_are_left_out_and_counted(engine: Engine, stripes: Path) -> None:
    train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    lost = sorted((stripes / "wide").iterdir())[:3]
    for path in lost:
        photo = folder_rows(engine, path.parent)
        photo_id = int(photo.photo_ids[list(photo.paths).index(path)])
        engine.collection.thumbnails.path(engine.collection.photos.photos([photo_id])[photo_id].sha256).unlink()
        path.unlink()
    result = trained(engine)
    assert (result.gone, result.photos) == (3, 33)


def test_missing_small_pictures_are_made_again(engine: Engine, stripes: Path) -> None:
    train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    for path in (engine.collection.folder / "thumbnails").rglob("*.jpg"):
        path.unlink()
    result = trained(engine)
    assert (result.gone, result.photos) == (0, 36)
    assert len(list((engine.collection.folder / "thumbnails").rglob("*.jpg"))) == 36


@pytest.mark.parametrize(
    "where", ["gradient_worker.GradientWorker._forward", "train_loop.make_optimiser", "train_loop.augmented"]
)
def test_too_little_memory_is_told_and_the_model_before_stays(
    where: str, engine: Engine, stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())

    def none_left(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(f"flowersorter.vision.finetuning.{where}", none_left)
    with pytest.raises(DeviceUnavailable, match="not enough memory for deep training"):
        trained(engine)
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == plain.model_id


def test_a_wrong_weights_file_is_told(engine: Engine, stripes: Path) -> None:
    (hub_cache() / "tiny.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelFileBad, match="10 bytes instead of"):
        trained(engine, stripes)
    assert engine.collection.models.all() == []


def test_missing_weights_are_told(engine: Engine, stripes: Path) -> None:
    (hub_cache() / "tiny.safetensors").unlink()
    with pytest.raises(WeightsMissing, match="weights of Tiny are not on this computer"):
        trained(engine, stripes)


def test_a_network_whose_file_is_gone_is_told_and_another_model_still_works(engine: Engine, stripes: Path) -> None:
    plain = train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    result = trained(engine)
    folder = engine.collection.folder
    (folder / "models" / f"{result.backbone}.safetensors").unlink()
    engine.collection.close()
    with Engine(CollectionStore.open(folder)) as reopened:
        draw_stripes(stripes, "wide", 1, first=300)
        with pytest.raises(WeightsMissing, match="tiny-tuned-1 cannot be used"):
            predict_folder(reopened, PredictFolderRequest(stripes, "cpu"), silent, CancelToken())
        use_model(reopened, plain.model_id)
        assert (
            predict_folder(reopened, PredictFolderRequest(stripes, "cpu"), silent, CancelToken()).predictions
            is not None
        )


@pytest.mark.parametrize("damage", ["cut", "foreign", "empty", "no layer", "short layer"])
def test_a_damaged_network_is_told(engine: Engine, stripes: Path, damage: str) -> None:
    result = trained(engine, stripes)
    file, folder = engine.collection.folder / "models" / f"{result.backbone}.safetensors", engine.collection.folder
    engine.collection.close()
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "foreign":
        save_file(tiny_state(), file)
    elif damage == "no layer":
        arrays, metadata = read_bundle(file)
        write_bundle(file, {name: array for name, array in arrays.items() if name != "layer_weight"}, metadata)
    elif damage == "short layer":
        arrays, metadata = read_bundle(file)
        write_bundle(file, arrays | {"layer_bias": arrays["layer_bias"][:1]}, metadata)
    else:
        file.write_bytes(b"")
    draw_stripes(stripes, "wide", 1, first=300)
    with (
        Engine(CollectionStore.open(folder)) as reopened,
        pytest.raises(WeightsMissing, match="tiny-tuned-1 cannot be used"),
    ):
        predict_folder(reopened, PredictFolderRequest(stripes, "cpu"), silent, CancelToken())


def test_a_deleted_model_takes_its_network_with_it_and_its_name_never_comes_back(engine: Engine, stripes: Path) -> None:
    first = trained(engine, stripes)
    second = trained(engine)
    delete_model(engine, first.model_id)
    assert not (engine.collection.folder / "models" / f"{first.backbone}.safetensors").exists()
    assert not list((engine.collection.folder / "embeddings").glob(f"{first.backbone}.*"))
    assert (engine.collection.folder / "models" / f"{second.backbone}.safetensors").exists()
    use_model(engine, None)
    prune_models(engine, 0)
    assert not list((engine.collection.folder / "models").glob("*tuned*"))
    assert trained(engine, stripes).backbone == "tiny-tuned-3"


def test_a_network_that_a_crash_left_without_a_model_is_cleared_away(engine: Engine, stripes: Path) -> None:
    result = trained(engine, stripes)
    left = engine.collection.folder / "models" / "tiny-tuned-9.safetensors"
    left.write_bytes((engine.collection.folder / "models" / f"{result.backbone}.safetensors").read_bytes())
    forget_unused(engine)
    assert not left.exists()
    assert model_for(engine, result.backbone) is not None


def test_a_worse_model_is_kept_but_not_made_current(
    engine: Engine, stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    monkeypatch.setattr("flowersorter.workflows.training.finetuned_model.clearly_worse", lambda *_: True)
    result = trained(engine)
    assert not result.made_current
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == plain.model_id
    assert engine.collection.settings.get(BACKBONE) == "tiny"
    use_model(engine, result.model_id)
    assert engine.collection.settings.get(BACKBONE) == result.backbone


@pytest.mark.parametrize(
    ("held_out", "deep", "plain", "why"),
    [
        (25, 25, 20, "25 held-out photos are too few"),
        (60, 52, 52, "52 of 60 held-out photos right, 52 without it"),
        (60, 50, 52, "50 of 60 held-out photos right, 52 without it"),
        (60, 53, 52, None),
    ],
)
def test_deep_training_is_used_where_it_is_better_on_enough_of_the_same_photos(
    held_out: int, deep: int, plain: int, why: str | None
) -> None:
    photos, nothing = held_out + 10, np.empty((held_out + 10, 4), np.float16)
    ids, targets, chosen = np.arange(1, photos + 1)[::-1], np.zeros(photos, np.intp), np.arange(photos) >= 10
    learned = TrainingSet(("a", "b"), ids, pack(nothing), targets)
    split = FinetuneSplit(learned, (b"",) * photos, lambda _: None, chosen, 0)
    predictions = np.where(ids[chosen] <= deep, 0, 1)
    finetuned = LearnedPhotos(
        np.arange(1, photos + 1), targets.astype(np.int32), np.full(photos, -1, np.int32), np.zeros(photos, np.float32)
    )
    finetuned.held_out[ids[chosen] - 1] = predictions
    found = not_better(split, finetuned, np.arange(held_out) < plain)
    assert (found is None) == (why is None)
    assert found is None or (why is not None and why in found)


def test_a_model_that_is_not_better_waits_for_the_person(
    engine: Engine, stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowersorter.workflows.training.finetune.not_better", not_better)
    result = trained(engine, stripes)
    assert result.why_not is not None
    assert "6 held-out photos are too few" in result.why_not
    assert (result.made_current, engine.collection.models.current()) == (False, None)
    assert len(engine.collection.labels.all()) == result.photos
    use_model(engine, result.model_id)


def test_a_model_that_knows_fewer_classes_waits_for_the_person(engine: Engine, stripes: Path, tmp_path: Path) -> None:
    draw_plain(stripes / "plain", 6)
    train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    plain = class_of(engine.collection, "plain")
    engine.collection.labels.clear(
        [i for i, found in engine.collection.labels.all().items() if found.class_id == plain]
    )
    result = trained(engine)
    assert (result.lost_classes, result.made_current) == (("plain",), False)


def test_an_imported_model_is_not_replaced_without_asking(engine: Engine, stripes: Path) -> None:
    plain = train_folder(engine, TrainFolderRequest(stripes, device="cpu", backbone="tiny"), silent, CancelToken())
    arrays, metadata = engine.collection.models.load(plain.model_id)
    imported = engine.collection.models.add(
        arrays, {**metadata, "photos": 0, "own_photos": 0, "held_out_accuracy": None}
    )
    engine.collection.models.use(imported)
    result = trained(engine)
    assert (result.replaces_import, result.made_current) == (True, False)
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == imported


def test_how_long_it_takes_is_learned_from_the_last_time(engine: Engine, stripes: Path) -> None:
    predicted = likely_seconds({}, 1, 6, 1000, 2)
    assert 60 < predicted < 600
    assert likely_seconds({}, 2, 6, 1000, 2) > predicted > likely_seconds({}, 0, 6, 1000, 2)
    result = trained(engine, stripes)
    paces = engine.collection.settings.get(FINETUNING_PACE)
    known = likely_seconds(paces, 1, 2, 36, 2)
    assert known == pytest.approx(result.epochs[-1].seconds, rel=0.01)
