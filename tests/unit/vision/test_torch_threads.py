"""How many threads torch takes: each thread its own number, and no number reaches a thread that did not ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from flowersorter.domain.figures import Epoch
from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.finetuning.gradient_worker import GradientWorker
from flowersorter.vision.finetuning.train_loop import fine_tune
from flowersorter.vision.parallel import ThreadPool
from flowersorter.vision.torch_threads import one_torch_thread, set_torch_threads, torch_threads
from tests.tiny_network import TINY, tiny_network
from tests.unit.vision.finetuning.test_train_loop import HEAD, RECIPE, drawn_config

DEFAULT = 4


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(DEFAULT)
    yield
    torch.set_num_threads(before)


def in_new_thread(call: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def seen_by_others() -> tuple[int, object]:
    """Torch's threads for this thread, and for one that comes later."""
    return torch.get_num_threads(), in_new_thread(torch.get_num_threads)


def test_a_number_is_that_of_its_thread_alone() -> None:
    def work() -> tuple[int, ...]:
        one_torch_thread()
        torch.randn(20, 20) @ torch.randn(20, 20)  # torch takes over the default with its first operation
        counts = [torch.get_num_threads()]
        with torch_threads(3):
            counts.append(torch.get_num_threads())
            set_torch_threads(2)
        return (*counts, torch.get_num_threads())

    assert in_new_thread(work) == (1, 3, 1)
    assert seen_by_others() == (DEFAULT, DEFAULT)


def test_threads_that_begin_together_do_not_take_over_one_anothers_number() -> None:
    for _ in range(20):
        meeting = threading.Barrier(4, timeout=60)

        def work(meeting: threading.Barrier = meeting) -> int:
            meeting.wait()
            return torch.get_num_threads()

        with ThreadPoolExecutor(4, initializer=one_torch_thread) as pool:
            counts = [pool.submit(work) for _ in range(4)]
            assert [count.result() for count in counts] == [1, 1, 1, 1]
        assert seen_by_others() == (DEFAULT, DEFAULT)


def test_embedding_leaves_later_threads_their_number() -> None:
    embedder = Embedder(TINY, tiny_network())
    crops = np.zeros((2, TINY.crop_px, TINY.crop_px, 3), np.uint8)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(embedder.embed, [crops] * 4))
    assert seen_by_others() == (DEFAULT, DEFAULT)


def test_every_part_of_a_batch_is_learned_on_one_thread_also_a_batch_of_one_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts: set[int] = set()
    forward = GradientWorker._forward

    def counting(*args: object) -> torch.Tensor:
        counts.add(torch.get_num_threads())
        return forward(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(GradientWorker, "_forward", counting)
    with ThreadPool(one_torch_thread) as pool:
        learner = GradientWorker(TINY, tiny_network(), 0, HEAD, "cpu", pool)
        learner.logits(np.zeros((3, TINY.crop_px, TINY.crop_px, 3), np.uint8))
    assert counts == {1}


def test_deep_training_leaves_this_thread_and_later_ones_their_number() -> None:
    counts: list[tuple[int, object]] = []

    def report(news: object) -> None:
        if isinstance(news, Epoch):
            counts.append(seen_by_others())

    fine_tune(TINY, tiny_network(), HEAD, drawn_config(), RECIPE, "cpu", report, CancelToken())
    assert {later for _, later in counts} == {DEFAULT}
    assert seen_by_others() == (DEFAULT, DEFAULT)
