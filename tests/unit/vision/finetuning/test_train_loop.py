"""Deep training: what learns, what must not change, and that stopping keeps the last epoch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowersorter.domain.figures import Epoch
from flowersorter.errors import Cancelled, DeviceUnavailable
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.vision.backbone.resnet import FrozenResNet
from flowersorter.vision.finetuning import gradient_worker as learner_module
from flowersorter.vision.finetuning.augment import augmented
from flowersorter.vision.finetuning.config import FinetuneConfig, Finetuned, Recipe
from flowersorter.vision.finetuning.gradient_worker import GradientWorker
from flowersorter.vision.finetuning.partial_resnet import cut_in_two
from flowersorter.vision.finetuning.train_loop import (
    fine_tune,
    is_kept,
    make_optimiser,
    one_ahead,
    rate_at,
    train_one_epoch,
    validate,
)
from flowersorter.vision.parallel import ThreadPool
from flowersorter.vision.torch_threads import one_torch_thread
from tests.tiny_network import TINY, tiny_network

CLASSES = 3
RECIPE = Recipe(unfreeze=1, epochs=2, crop_px=64, batch=8, head_rate=1.0, stage_rate=0.02)
_RANDOM = np.random.default_rng(0).normal(0, 0.5, (CLASSES, TINY.features))
#: A head that knows nothing, but not the same of every photo.
HEAD = (_RANDOM.astype(np.float32), np.zeros(CLASSES, np.float32))

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def pictures_of(targets: Sequence[int]) -> list[NDArray[np.uint8]]:
    """Stripes, each class with another distance between them, in random colours: (72, 80 to 96, 3) uint8."""
    result = []
    for row, target in enumerate(targets):
        draw = np.random.default_rng(row)
        height, width = 72, int(draw.integers(80, 97))
        across = np.arange(width) + draw.integers(0, 20)
        stripes = np.sin(across * 2 * np.pi / (4, 10, 30)[target])[None, :, None]
        colour = draw.uniform(40, 90, 3)
        noise = draw.normal(0, 6, (height, width, 3))
        result.append(np.clip(128 + stripes * colour + noise, 0, 255).astype(np.uint8))
    return result


def drawn_config(each: int = 8, held_out: int = 3) -> FinetuneConfig:
    targets = np.arange(CLASSES * each, dtype=np.intp) % CLASSES
    pictures = pictures_of(targets.tolist())
    kept = np.arange(CLASSES * (each - held_out), CLASSES * each)
    return FinetuneConfig(pictures.__getitem__, targets, CLASSES, np.arange(CLASSES * (each - held_out)), kept)


def finetuned(
    recipe: Recipe = RECIPE,
    *,
    network: FrozenResNet | None = None,
    of: FinetuneConfig | None = None,
    report: Callable[[object], None] = silent,
    cancel: CancelToken | None = None,
    device: str = "cpu",
) -> Finetuned:
    return fine_tune(
        TINY, network or tiny_network(), HEAD, of or drawn_config(), recipe, device, report, cancel or CancelToken()
    )


def copied(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize(
    ("unfreeze", "learning"), [(0, ()), (1, ("layer4",)), (2, ("layer3", "layer4"))], ids=["head", "one", "two"]
)
def test_what_is_frozen_stays_to_the_last_bit_and_no_statistics_change(
    unfreeze: int, learning: tuple[str, ...]
) -> None:
    network = tiny_network()
    before = copied(network)
    result = finetuned(dataclasses.replace(RECIPE, unfreeze=unfreeze, epochs=1), network=network)
    buffers = {name for name, _ in network.named_buffers()}
    assert buffers, "the network has batch norms"
    for name, tensor in network.state_dict().items():
        learns = name.startswith(learning) and name not in buffers if learning else False
        assert torch.equal(before[name], tensor) is not learns, name
    assert {name.partition(".")[0] for name in result.best.changed} == set(learning)
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in result.best.changed.items())
    assert not np.array_equal(result.best.weight, HEAD[0])


def test_modules_stay_in_eval_mode_whatever_they_are_told() -> None:
    frozen, part = cut_in_two(tiny_network(), 2, HEAD, torch.float32)
    part.train()
    assert not any(module.training for module in (*part.modules(), *frozen.modules()))


def test_the_two_halves_compute_what_the_whole_does() -> None:
    network = tiny_network()
    pixels = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = network(pixels)
        head = (np.eye(TINY.features, dtype=np.float32), np.zeros(TINY.features, np.float32))
        for unfreeze in (0, 1, 2):
            frozen, part = cut_in_two(tiny_network(), unfreeze, head, torch.float32)
            wanted = torch.nn.functional.normalize(torch.sqrt(whole), dim=1)
            torch.testing.assert_close(part(frozen(pixels)), wanted, atol=0.01, rtol=0.01)


def test_it_learns() -> None:
    news: list[object] = []
    result = finetuned(dataclasses.replace(RECIPE, epochs=6), report=news.append)
    epochs = [each for each in news if isinstance(each, Epoch)]
    assert tuple(epochs) == result.epochs
    assert [each.number for each in epochs] == list(range(7))
    assert math.isnan(epochs[0].loss)
    assert epochs[-1].loss < 0.8 * epochs[1].loss
    assert result.epochs[result.best.epoch].accuracy > 0.8
    assert epochs[0].accuracy <= 0.5, "the head it begins with knows nothing"
    assert not result.stopped


def test_the_last_epoch_is_kept_whatever_the_held_out_photos_say() -> None:
    right, wrong = (
        finetuned(dataclasses.replace(RECIPE, epochs=3), of=dataclasses.replace(drawn_config(), targets=targets))
        for targets in (
            drawn_config().targets,
            np.where(np.arange(len(drawn_config().targets)) < 15, drawn_config().targets, 0),
        )
    )
    assert [each.held_out_right for each in right.epochs] != [each.held_out_right for each in wrong.epochs]
    assert right.best.epoch == wrong.best.epoch == 3
    assert [each.best for each in right.epochs] == [each.best for each in wrong.epochs] == [False, True, True, True]
    assert np.array_equal(right.best.weight, wrong.best.weight)


def test_an_epoch_that_diverges_is_not_kept() -> None:
    assert is_kept(9.0, [])
    assert is_kept(0.5, [0.9, 0.49]), "other crops are a little harder"
    assert not is_kept(0.9, [0.9, 0.5])
    assert not is_kept(math.nan, [0.9])


def test_a_seed_gives_the_same_again_and_another_something_else() -> None:
    one, again, other = finetuned(), finetuned(), finetuned(dataclasses.replace(RECIPE, seed=7))
    assert all(torch.equal(one.best.changed[name], again.best.changed[name]) for name in one.best.changed)
    assert np.array_equal(one.best.weight, again.best.weight)
    assert np.array_equal(one.best.logits, again.best.logits)
    assert not np.array_equal(one.best.weight, other.best.weight)


def test_stopping_after_the_first_epoch_keeps_the_best_so_far() -> None:
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Epoch) and news.number == 2:
            cancel.cancel()

    result = finetuned(dataclasses.replace(RECIPE, epochs=5), report=stop, cancel=cancel)
    assert result.stopped
    assert [each.number for each in result.epochs] == [0, 1, 2]
    assert result.best.epoch in (1, 2)


def test_what_came_after_the_best_epoch_is_not_kept() -> None:
    """Stopped in the middle of the second epoch: what is kept is what the first one alone gives."""
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and "epoch 2" in news.stage and news.done:
            cancel.cancel()

    stopped = finetuned(report=stop, cancel=cancel)
    assert stopped.stopped
    kept: list[Tensor] = []

    def keep(news: object) -> None:
        if isinstance(news, Epoch) and news.number == 1:
            kept.extend(tensor.detach().clone() for tensor in network.layer4.parameters())

    network = tiny_network()
    finetuned(network=network, report=keep)
    assert all(torch.equal(one, other) for one, other in zip(stopped.best.changed.values(), kept, strict=True))


def test_stopping_before_the_first_epoch_is_over_keeps_nothing() -> None:
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and news.done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        finetuned(report=stop, cancel=cancel)


def test_photos_that_cannot_be_read_are_left_out() -> None:
    whole = drawn_config()
    lost = {0, 1, 2, int(whole.held_out[0])}
    of = dataclasses.replace(whole, pictures=lambda row: None if row in lost else whole.pictures(row))
    result = finetuned(dataclasses.replace(RECIPE, epochs=1, batch=2), of=of)
    assert result.best.rows.tolist() == whole.held_out.tolist()[1:]
    assert result.epochs[-1].held_out == len(whole.held_out) - 1


class Memory:
    """Room for so many photos at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fits: int, error: Exception) -> None:
        self.tried = list[int]()
        forward = GradientWorker._forward

        def limited(learner: GradientWorker, crops: NDArray[np.uint8], side_px: int) -> Tensor:
            self.tried.append(len(crops))
            if len(crops) > fits:
                raise error
            return forward(learner, crops, side_px)

        monkeypatch.setattr(GradientWorker, "_forward", limited)


NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you tried to"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried to"),
    MemoryError(),
]


@pytest.mark.parametrize("error", NO_MEMORY, ids=["cuda", "cpu", "windows", "numpy"])
def test_too_little_memory_halves_what_goes_through_at_once(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    memory = Memory(monkeypatch, 3, error)
    result = finetuned(dataclasses.replace(RECIPE, epochs=1))
    assert max(memory.tried) > 3
    assert result.best.epoch == 1
    assert set(memory.tried[-4:]) <= {1, 2}


def test_halving_changes_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    crops = np.stack([picture[:64, :64] for picture in pictures_of([0, 1, 2, 0, 1])])
    targets, weights = np.array([0, 1, 2, 0, 1], np.intp), np.full(5, 0.2, np.float32)
    monkeypatch.setattr(learner_module, "computes_bfloat16", lambda device: False)
    with ThreadPool(one_torch_thread) as pool:
        results = []
        for at_once in (8, 2):
            learner = GradientWorker(TINY, tiny_network(), 1, HEAD, "cpu", pool)
            learner.at_once = at_once
            results.append(learner.gradients(crops, targets, weights, 0.1))
    (whole, loss), (parts, loss_of_parts) = results
    assert loss == pytest.approx(loss_of_parts, rel=1e-5)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-4 * float(one.abs().max()))


@pytest.mark.parametrize("error", NO_MEMORY, ids=["cuda", "cpu", "windows", "numpy"])
def test_no_memory_for_even_one_photo_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    Memory(monkeypatch, 0, error)
    with pytest.raises(DeviceUnavailable, match="not enough memory for deep training"):
        finetuned()


def test_other_errors_are_not_taken_for_too_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    Memory(monkeypatch, 0, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="multiplied"):
        finetuned()


def test_earlier_stages_take_smaller_steps() -> None:
    _, part = cut_in_two(tiny_network(), 2, HEAD, torch.float32)
    recipe = dataclasses.replace(RECIPE, unfreeze=2, head_rate=1.0, stage_rate=0.1, stage_decay=0.3)
    optimiser = make_optimiser(part, recipe)
    rate_of = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    decay_of = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    rates = {name.partition(".")[0]: rate_of[id(parameter)] for _, name, parameter in part.by_depth()}
    assert rates == {"head": 1.0, "layer4": pytest.approx(0.1), "layer3": pytest.approx(0.03)}
    assert len(rate_of) == len(list(part.parameters()))
    assert {decay_of[id(p)] for _, _, p in part.by_depth() if p.ndim == 1} == {0.0}
    assert optimiser.defaults["nesterov"]


def test_rates_rise_and_fall() -> None:
    rates = [rate_at(step / 100, 0.1) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert int(np.argmax(rates)) == 9
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)


def test_rare_classes_weigh_as_much_as_frequent_ones() -> None:
    of = drawn_config()
    rare = np.flatnonzero(of.targets[of.train] != 0)
    of = dataclasses.replace(of, train=np.concatenate([of.train[rare], of.train[of.targets[of.train] == 0][:1]]))
    weighed = np.zeros(CLASSES)

    class Noting(GradientWorker):
        def gradients(
            self, crops: NDArray[np.uint8], targets: NDArray[np.intp], weights: NDArray[np.float32], smoothing: float
        ) -> tuple[list[Tensor], float]:
            np.add.at(weighed, targets, weights * len(targets))
            return super().gradients(crops, targets, weights, smoothing)

    with ThreadPool(one_torch_thread) as pool:
        learner = Noting(TINY, tiny_network(), 0, HEAD, "cpu", pool)
        optimiser = make_optimiser(learner.part, RECIPE)
        train_one_epoch(learner, optimiser, of, RECIPE, 1, pool, silent, CancelToken())
    np.testing.assert_allclose(weighed, weighed.mean(), rtol=1e-5)


def test_held_out_photos_are_seen_as_labelling_sees_them() -> None:
    of = drawn_config()
    with ThreadPool(one_torch_thread) as pool:
        learner = GradientWorker(TINY, tiny_network(), 0, HEAD, "cpu", pool)
        rows, logits = validate(learner, of, TINY.crop_px, pool, CancelToken())
        picture = of.pictures(int(rows[-1]))
        assert picture is not None
        top, left = round((picture.shape[0] - 64) / 2), round((picture.shape[1] - 64) / 2)
        alone = learner.logits(picture[None, top : top + 64, left : left + 64])
    np.testing.assert_allclose(logits[-1:], alone, rtol=0.05, atol=0.05)


def test_augmentation_varies_size_place_side_and_colour_but_not_much() -> None:
    photo = np.full((80, 96, 3), 180, np.uint8)
    photo[:, :48] //= 2
    crops = [augmented(photo, np.random.default_rng(seed), 64) for seed in range(40)]
    assert {crop.shape for crop in crops} == {(64, 64, 3)}
    assert {crop.dtype for crop in crops} == {np.dtype(np.uint8)}
    darker_left = [crop[:, :20].mean() < crop[:, -20:].mean() for crop in crops]
    assert 10 < sum(darker_left) < 30, "every other one is mirrored"
    means = np.array([crop.mean() for crop in crops])
    assert means.std() > 3
    assert abs(means.mean() - photo.mean()) < 25
    assert np.array_equal(crops[3], augmented(photo, np.random.default_rng(3), 64))


def test_a_grey_photo_stays_grey() -> None:
    grey = np.full((80, 80, 3), 120, np.uint8)
    crop = augmented(grey, np.random.default_rng(0), 64)
    assert (crop.max(axis=2) - crop.min(axis=2)).max() <= 1


def test_one_ahead_keeps_the_order_and_passes_errors_on() -> None:
    assert list(one_ahead(lambda item: item * 2, range(5))) == [0, 2, 4, 6, 8]
    assert list(one_ahead(lambda item: item, [])) == []

    def fail(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    got: list[int] = []
    with pytest.raises(ValueError, match="two"):
        got.extend(one_ahead(fail, range(5)))


@pytest.mark.cuda
@needs_cuda
@pytest.mark.parametrize("unfreeze", [0, 1, 2])
def test_cuda_learns_as_the_cpu_does(unfreeze: int) -> None:
    recipe = dataclasses.replace(RECIPE, unfreeze=unfreeze, epochs=4)
    here, there = finetuned(recipe), finetuned(recipe, device="cuda")
    assert there.epochs[-1].loss == pytest.approx(here.epochs[-1].loss, rel=0.25)
    assert all(tensor.device.type == "cpu" for tensor in there.best.changed.values())
