"""Principal axes, and the threads that share the work on them."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.pca import PCA, orthonormal, spread_sample
from flowersorter.vision.parallel import ThreadPool, one_blas_thread, row_blocks
from tests.stuck import LIMIT_S
from tests.unit.vision.gaussian_clusters import clusters


def test_nothing_is_lost_while_photos_are_few() -> None:
    features = clusters(20).features
    axes = PCA.of(features.unpack(), rank=256, seed=0)
    placed = axes.project(features)
    np.testing.assert_allclose(placed.projection[:, :-1] @ axes.basis + axes.centre, features.unpack(), atol=1e-5)
    np.testing.assert_allclose(placed.residual, 0, atol=1e-5)
    assert (placed.projection[:, -1] == 1).all()


def test_axes_of_many_photos_keep_most_of_the_variance() -> None:
    draw = np.random.default_rng(0)
    decaying = draw.standard_normal((1400, 300)) / np.arange(1, 301)
    rows = (decaying @ np.linalg.qr(draw.standard_normal((300, 300)))[0]).astype(np.float32)
    axes = PCA.of(rows, rank=20, seed=0)
    exact = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)[:20]
    inside = axes.transform(rows).projection[:, :-1]
    assert inside.shape == (1400, 20)
    np.testing.assert_allclose(axes.basis @ axes.basis.T, np.eye(20), atol=1e-4)
    np.testing.assert_allclose(np.sqrt(np.square(inside).sum(axis=0)), exact, rtol=0.02)


@pytest.mark.parametrize("smallest", [1, 1e-3, 1e-6, 1e-9, 0])
def test_columns_are_made_orthonormal_however_small_some_of_them_are(smallest: float) -> None:
    columns = np.random.default_rng(0).standard_normal((300, 40)) * np.linspace(1, smallest, 40)
    columns[:, 7] = columns[:, 8] if smallest == 0 else columns[:, 7]
    basis = orthonormal(columns.astype(np.float32))
    np.testing.assert_allclose(basis.T @ basis, np.eye(40), atol=1e-5)
    np.testing.assert_allclose(basis @ (basis.T @ columns), columns, atol=1e-4)


@pytest.mark.parametrize("photos", [1, 5, 1023, 1500])
def test_inside_and_outside_make_up_the_whole_distance(photos: int) -> None:
    features = pack(np.random.default_rng(1).gamma(0.5, 0.8, (photos, 40)))
    axes = PCA.of(features.take(slice(0, 30)).unpack(), rank=6, seed=0)
    placed = axes.project(features)
    again = axes.transform(features.unpack())
    np.testing.assert_allclose(placed.projection, again.projection, atol=1e-4)
    np.testing.assert_allclose(placed.residual, again.residual, atol=1e-4)
    distance = np.square(features.unpack() - axes.centre).sum(axis=1)
    np.testing.assert_allclose(np.square(placed.projection[:, :-1]).sum(axis=1) + placed.residual, distance, atol=1e-4)


def test_a_head_in_the_axes_scores_as_the_one_on_the_features() -> None:
    features = clusters(20).features
    axes = PCA.of(features.unpack(), rank=10, seed=0)
    head = np.random.default_rng(0).standard_normal((4, 11))
    weight, bias = axes.to_feature_space(head)
    np.testing.assert_allclose(
        features.unpack() @ weight.T + bias, axes.project(features).projection @ head.T, rtol=1e-3, atol=1e-4
    )


def test_a_head_comes_back_from_the_axes_as_it_went_in() -> None:
    features = clusters(20).features
    axes = PCA.of(features.unpack(), rank=256, seed=0)
    draw = np.random.default_rng(0)
    weight, bias = draw.normal(size=(3, features.width)).astype(np.float32), np.array([1, -2, 3], np.float32)
    scores = features.unpack() @ weight.T + bias
    inside = axes.from_feature_space(weight, bias)
    np.testing.assert_allclose(axes.project(features).projection @ inside.T, scores, atol=1e-4)
    again, bias_again = axes.to_feature_space(inside)
    np.testing.assert_allclose(features.unpack() @ again.T + bias_again, scores, atol=1e-4)


def test_a_sample_takes_as_many_of_each_class_as_it_can() -> None:
    targets = np.repeat([0, 1, 2], [1000, 30, 5])
    sample = spread_sample(targets, 100, seed=0)
    assert np.bincount(targets[sample]).tolist() == [65, 30, 5]
    assert len(np.unique(sample)) == 100
    assert (np.diff(sample) > 0).all()
    np.testing.assert_array_equal(spread_sample(targets, 2000, seed=0), np.arange(1035))


def test_lanes_keep_the_order_and_work_in_several_threads() -> None:
    both = threading.Barrier(2, timeout=60)

    def work(number: int) -> int:
        if number < 2:
            both.wait()  # passes only if the first two are worked on at the same time
        return number * number

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flowersorter.vision.parallel.worker_count", lambda: 2)
        with ThreadPool() as pool:
            assert pool.map(work, range(20)) == [number * number for number in range(20)]


def test_an_error_in_a_lane_is_raised_and_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), ThreadPool() as pool:
        pool.map(lambda number: 1 / number, range(-5, 5))
    for thread in set(threading.enumerate()) - before:
        thread.join(LIMIT_S)
    assert set(threading.enumerate()) <= before  # of earlier tests' threads some may end meanwhile


def _blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_limit_on_threads_ends_with_the_last_who_asked_for_it() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert _blas_threads() == {1}
        second.__exit__(None, None, None)
        assert _blas_threads() == {2}


def test_it_holds_whichever_thread_set_a_limit_before() -> None:
    ready, done = threading.Event(), threading.Event()

    def limit_and_live_on() -> None:
        with one_blas_thread():
            pass
        limit = threadpool_limits(limits=2, user_api="blas")
        ready.set()
        done.wait(60)
        limit.restore_original_limits()

    thread = threading.Thread(target=limit_and_live_on)
    thread.start()
    try:
        assert ready.wait(60)
        assert _blas_threads() == {2}
        with one_blas_thread():
            assert _blas_threads() == {1}
        assert _blas_threads() == {2}
    finally:
        done.set()
        thread.join()


def test_row_blocks_cover_every_row_once() -> None:
    assert row_blocks(0, 4) == []
    assert [(block.start, block.stop) for block in row_blocks(9, 4)] == [(0, 4), (4, 8), (8, 9)]
