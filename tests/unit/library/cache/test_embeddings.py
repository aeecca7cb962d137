"""The cache of embeddings: what comes out is what went in, whatever happens to its files."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowersorter.errors import UserError
from flowersorter.library.cache.append_only_rows import AppendOnlyRows
from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.cache.hash_index import HashIndex
from tests.unit.library.conftest import sha256_of

WIDTH = 8
VIEWS = ("centre", "flip")


@contextmanager
def opened(folder: Path) -> Iterator[EmbeddingStore]:
    store = EmbeddingStore(folder, "resnet18")
    try:
        yield store
    finally:
        store.close()


def embedding_of(number: int, view: str = "centre", width: int = WIDTH) -> NDArray[np.float16]:
    """The embedding a photo has in these tests, the same each time."""
    return np.random.default_rng([number, len(view)]).normal(size=width).astype(np.float16)


def embeddings_of(numbers: list[int], view: str = "centre") -> NDArray[np.float16]:
    return np.array([embedding_of(number, view) for number in numbers], np.float16).reshape(-1, WIDTH)


def hashes_of(numbers: list[int]) -> list[bytes]:
    return [sha256_of(number) for number in numbers]


def append(store: EmbeddingStore, numbers: list[int], view: str = "centre") -> None:
    store.append(hashes_of(numbers), view, embeddings_of(numbers, view))


def assert_nothing_wrong(store: EmbeddingStore, numbers: list[int]) -> int:
    """Check whatever comes out, and that `missing` says the same; the number of rows there are."""
    count = 0
    for view in VIEWS:
        rows, positions = store.get(hashes_of(numbers), view)
        there = [numbers[position] for position in positions]
        assert np.array_equal(rows.view(np.uint16), embeddings_of(there, view).view(np.uint16)[:, : rows.shape[1]])
        lacking = [number for number in numbers if number not in there]
        assert store.missing(hashes_of(numbers), view) == hashes_of(lacking)
        count += len(there)
    return count


def test_an_empty_store_has_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "embeddings") as store:
        assert store.width is None
        assert store.missing(hashes_of([3, 1, 3]), "centre") == hashes_of([3, 1])
        rows, positions = store.get(hashes_of([1, 2]), "centre")
        assert (rows.shape, positions.shape) == ((0, 0), (0,))
        assert rows.dtype == np.float16


def test_embeddings_come_back_at_once_and_after_opening_again(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        append(store, [1, 2, 3])
        append(store, [3, 4])
        append(store, [2], "flip")
        rows, positions = store.get(hashes_of([4, 9, 2]), "centre")
        assert positions.tolist() == [0, 2]
        assert np.array_equal(rows, embeddings_of([4, 2]))
    with opened(tmp_path) as store:
        assert store.width == WIDTH
        rows, positions = store.get(hashes_of([2, 2, 4, 1]), "centre")
        assert np.array_equal(rows, embeddings_of([2, 2, 4, 1]))
        assert store.missing(hashes_of([1, 2, 3]), "flip") == hashes_of([1, 3])
        append(store, [5])
        assert assert_nothing_wrong(store, [1, 2, 3, 4, 5]) == 6


def test_what_comes_out_can_be_written_to(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        append(store, [1])
        rows, _ = store.get(hashes_of([1]), "centre")
        rows[:] = 0
        assert_nothing_wrong(store, [1])


def test_hashes_with_zero_bytes_at_their_ends_stay_apart(tmp_path: Path) -> None:
    hashes = [bytes(32), b"\0" * 31 + b"a", b"a" + b"\0" * 31, b"a" * 31 + b"\0"]
    with opened(tmp_path) as store:
        store.append(hashes, "centre", embeddings_of([1, 2, 3, 4]))
    with opened(tmp_path) as store:
        rows, positions = store.get(hashes, "centre")
        assert positions.tolist() == [0, 1, 2, 3]
        assert np.array_equal(rows, embeddings_of([1, 2, 3, 4]))


def test_rows_in_any_memory_layout(tmp_path: Path) -> None:
    columns = np.asfortranarray(embeddings_of([1, 2, 3]))
    with opened(tmp_path) as store:
        store.append(hashes_of([1, 2, 3]), "centre", columns[::1])
        store.append(hashes_of([5, 4]), "centre", embeddings_of([4, 5])[::-1])
        assert assert_nothing_wrong(store, [1, 2, 3, 4, 5]) == 5


def test_a_block_that_is_there_already_takes_no_room(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        append(store, [1, 2])
        size = (tmp_path / "resnet18.rows").stat().st_size
        append(store, [2, 1])
        store.append([], "centre", np.empty((0, WIDTH), np.float16))
        assert (tmp_path / "resnet18.rows").stat().st_size == size


def test_another_width_starts_afresh(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        append(store, [1, 2])
        store.append(hashes_of([2]), "centre", np.ones((1, 5), np.float16))
        assert store.width == 5
        assert store.missing(hashes_of([1, 2]), "centre") == hashes_of([1])
    with opened(tmp_path) as store:
        assert store.get(hashes_of([1, 2]), "centre")[0].tolist() == [[1.0] * 5]


@pytest.mark.parametrize(
    ("hashes", "view", "shape"),
    [
        ([sha256_of(1)], "centre", (2, WIDTH)),
        ([sha256_of(1)], "centre", (WIDTH,)),
        ([sha256_of(1)], "centre", (1, 0)),
        ([b"short"], "centre", (1, WIDTH)),
        ([sha256_of(1)], "a view whose name is far too long", (1, WIDTH)),
        ([sha256_of(1)], "", (1, WIDTH)),
    ],
)
def test_mistakes_of_the_caller_are_refused(
    tmp_path: Path, hashes: list[bytes], view: str, shape: tuple[int, ...]
) -> None:
    with opened(tmp_path) as store:
        append(store, [7])
        with pytest.raises(ValueError, match=r"\w"):
            store.append(hashes, view, np.ones(shape, np.float16))
        assert store.missing(hashes_of([7]), "centre") == []


@pytest.mark.parametrize("suffix", ["rows", "keys"])
@pytest.mark.parametrize("content", [b"", b"short", b"FSROWS01" + b"\xff" * 200, b"\0" * 500])
def test_a_strange_file_is_replaced(tmp_path: Path, suffix: str, content: bytes) -> None:
    with opened(tmp_path) as store:
        append(store, [1, 2])
    (tmp_path / f"resnet18.{suffix}").write_bytes(content)
    with opened(tmp_path) as store:
        assert assert_nothing_wrong(store, [1, 2]) == 0
        append(store, [1, 2])
    with opened(tmp_path) as store:
        assert assert_nothing_wrong(store, [1, 2]) == 2


@pytest.mark.parametrize("suffix", ["rows", "keys"])
def test_a_file_of_another_pair_is_not_mixed_in(tmp_path: Path, suffix: str) -> None:
    for name, numbers in (("one", [1, 2]), ("two", [2, 1])):
        with opened(tmp_path / name) as store:
            append(store, numbers)
    (tmp_path / "one" / f"resnet18.{suffix}").replace(tmp_path / "two" / f"resnet18.{suffix}")
    with opened(tmp_path / "two") as store:
        assert assert_nothing_wrong(store, [1, 2]) == 0


@settings(max_examples=80)
@given(data=st.data())
def test_no_damage_makes_a_wrong_embedding(data: st.DataObject) -> None:
    numbers = list(range(12))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(data.draw(st.integers(1, 4))):
            with opened(folder) as store:
                for _ in range(data.draw(st.integers(0, 3))):
                    append(
                        store,
                        data.draw(st.lists(st.sampled_from(numbers), unique=True, max_size=6)),
                        data.draw(st.sampled_from(VIEWS)),
                    )
                assert_nothing_wrong(store, numbers)
            damage(data, folder / f"resnet18.{data.draw(st.sampled_from(['rows', 'keys']))}")
        with opened(folder) as store:
            assert_nothing_wrong(store, numbers)
            for view in VIEWS:
                append(store, numbers, view)
            assert assert_nothing_wrong(store, numbers) == 24
        with opened(folder) as store:
            assert assert_nothing_wrong(store, numbers) == 24


def damage(data: st.DataObject, file: Path) -> None:
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content)))
    match data.draw(st.sampled_from(["nothing", "cut", "flip", "zero", "junk"])):
        case "cut":
            del content[at:]
        case "flip" if at < len(content):
            content[at] ^= data.draw(st.integers(1, 255))
        case "zero":
            content[at:] = bytes(len(content) - at)
        case "junk":
            content += data.draw(st.binary(min_size=1, max_size=200))
    file.write_bytes(content)


@pytest.mark.parametrize("failing_call", range(6))
def test_a_full_disk_loses_only_the_block_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: int
) -> None:
    """The calls of fsync that fail in turn: two headers, then rows and keys of two blocks."""
    real, calls = os.fsync, 0

    def fsync(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing_call + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr("os.fsync", fsync)
    failed = 0
    with opened(tmp_path) as store:
        for numbers in ([1, 2], [3, 4]):
            try:
                append(store, numbers)
            except UserError as error:
                failed += 1
                assert_nothing_wrong(store, [1, 2, 3, 4])
                told = str(error)
        assert "No space left" in told
        assert assert_nothing_wrong(store, [1, 2, 3, 4]) == 2
    assert failed == 1
    with opened(tmp_path) as store:
        assert assert_nothing_wrong(store, [1, 2, 3, 4]) == 2
        append(store, [1, 2, 3, 4])
        assert assert_nothing_wrong(store, [1, 2, 3, 4]) == 4


def test_writing_stopped_between_rows_and_keys_is_made_good(tmp_path: Path) -> None:
    """As after a power cut: the rows of a block are on disk, its keys are not, and nobody cleaned up."""
    with opened(tmp_path) as store:
        append(store, [1, 2])
    keys = (tmp_path / "resnet18.keys").read_bytes()
    with opened(tmp_path) as store:
        append(store, [3, 4])
    (tmp_path / "resnet18.keys").write_bytes(keys + b"torn")
    with opened(tmp_path) as store:
        assert assert_nothing_wrong(store, [1, 2, 3, 4]) == 2
        append(store, [5])
        assert assert_nothing_wrong(store, [1, 2, 3, 4, 5]) == 3
    with opened(tmp_path) as store:
        assert assert_nothing_wrong(store, [1, 2, 3, 4, 5]) == 3


def test_a_file_that_is_cut_while_it_is_open_loses_what_was_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        append(store, [1, 2, 3, 4])
        os.truncate(tmp_path / "resnet18.rows", 64 + 2 * 2 * WIDTH + 3)
        assert assert_nothing_wrong(store, [1, 2, 3, 4]) == 2
        append(store, [4, 5])
        assert assert_nothing_wrong(store, [1, 2, 3, 4, 5]) == 4
    with opened(tmp_path) as store:
        assert assert_nothing_wrong(store, [1, 2, 3, 4, 5]) == 4


def test_the_mark_of_a_store_says_what_came_after_it(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        before = store.cursor()
        append(store, [1, 2])
        append(store, [2], "flip")
        news = store.since(before)
        assert news is not None
        mark, hashes = news
        assert hashes == hashes_of([1, 2, 2])
        assert store.since(mark) == (mark, [])
        append(store, [1, 2])
        assert store.since(mark) == (mark, [])
        store.append(hashes_of([9]), "centre", np.ones((1, 5), np.float16))
        assert store.since(mark) is None
        assert store.since(store.cursor()) == (store.cursor(), [])


def test_files_that_cannot_be_opened_give_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "resnet18.rows").mkdir()
    with pytest.raises(UserError, match="embeddings cannot be read"):
        EmbeddingStore(tmp_path, "resnet18")


def test_threads_may_read_and_write_at_once(tmp_path: Path) -> None:
    problems: list[BaseException] = []
    hashes, expected = hashes_of(list(range(160))), embeddings_of(list(range(160)))

    def work(start: int) -> None:
        try:
            for number in range(start, start + 40, 2):
                append(store, [number, number + 1])
                rows, positions = store.get(hashes, "centre")
                assert np.array_equal(rows, expected[positions])
        except BaseException as error:  # noqa: BLE001 -- told to the main thread
            problems.append(error)

    with opened(tmp_path) as store:
        threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 160, 40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert store.missing(hashes, "centre") == []


def test_rows_are_files_of_the_promised_size(tmp_path: Path) -> None:
    files = AppendOnlyRows(tmp_path / "a", tmp_path / "b")
    files.append([b"k" * 56], np.ones((1, 4), np.float16))
    files.close()
    files.close()
    assert [(tmp_path / name).stat().st_size for name in "ab"] == [64 + 8, 64 + 64]


def test_views_that_alternate_are_indexed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when photos arrive and are labelled in turn; an insertion for each run would sort all that is there again."""
    with opened(tmp_path) as store:
        for number in range(0, 40, 2):
            append(store, [number, number + 1])
            append(store, [number], "wide")
    calls: list[int] = []
    put_all = HashIndex.put_all

    def counted(self: HashIndex, hashes: NDArray[np.uint8], rows: NDArray[np.intp]) -> None:
        calls.append(len(rows))
        put_all(self, hashes, rows)

    monkeypatch.setattr(HashIndex, "put_all", counted)
    with opened(tmp_path) as store:
        assert_nothing_wrong(store, list(range(40)))
        assert store.missing(hashes_of(list(range(40))), "wide") == hashes_of(list(range(1, 40, 2)))
    assert sorted(calls) == [20, 40]
