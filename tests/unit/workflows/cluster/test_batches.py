"""The batches of a job: each place is read once, whatever happens to the workers."""

from __future__ import annotations

import random

import pytest

from flowersorter.workflows.cluster.batches import LARGEST, SMALLEST, Batch, Batches
from tests.unit.workflows.cluster.reading import made_up_places as places


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(batches: Batches, worker: str = "a") -> Batch:
    batch = batches.take(worker, 2)
    assert batch is not None
    return batch


def test_batches_have_50_to_200_photos_and_the_last_one_the_rest() -> None:
    batches = Batches(places(10_030))
    sizes = []
    while (batch := batches.take("a", 2)) is not None:
        sizes.append(len(batch.places))
        batches.done(batch)
    assert sum(sizes) == 10_030
    assert max(sizes) == LARGEST == 200
    assert min(sizes[:-1]) == SMALLEST == 50
    assert sizes[:-1] == sorted(sizes[:-1], reverse=True)


def test_what_a_worker_gives_back_is_read_by_another_one() -> None:
    batches = Batches(places(60))
    first = taken(batches)
    batches.give_back(first, "a", died=True)
    assert taken(batches, "b") is first


def test_a_worker_does_not_get_the_batch_again_on_which_it_failed() -> None:
    clock = Clock()
    batches = Batches(places(150), clock)
    bad, good = taken(batches), taken(batches, "b")
    batches.give_back(bad, "a", died=False, error=ValueError())
    batches.done(good)
    third = taken(batches)
    assert third is not bad
    assert batches.failed_on({"a"}, 3) is bad
    assert batches.failed_on({"a", "b"}, 3) is None
    assert taken(batches, "b") is bad
    assert batches.failed_on({"a"}, 3) is None  # another one has it
    clock.now = 100.0
    batches.done(third)
    assert batches.take("a", 2) is None  # not even where it is late
    batches.give_back(bad, "b", died=False, error=ValueError())
    assert batches.failed_on({"a", "b", "c"}, 2) is bad


def test_a_late_batch_goes_to_one_idle_worker_too_and_only_the_first_result_counts() -> None:
    clock = Clock()
    batches = Batches(places(100), clock)
    slow, quick = taken(batches, "slow"), taken(batches, "quick")
    clock.now = 5.0
    assert batches.done(quick)
    assert batches.take("quick", 2) is None
    clock.now = 17.0  # over three times as long as the other one, and a second
    assert batches.take("slow", 2) is None
    assert batches.take("quick", 2) is slow
    assert batches.take("third", 2) is None
    clock.now = 33.0  # the second one may stand still as well
    assert batches.take("third", 2) is slow
    assert batches.take("fourth", 2) is None
    assert batches.done(slow)
    assert not batches.done(slow)
    assert batches.finished


def test_a_late_batch_that_must_be_alone_goes_to_an_idle_worker_too_but_to_no_busy_one() -> None:
    clock = Clock()
    batches = Batches(places(150), clock)
    suspect, other, third = taken(batches, "a"), taken(batches, "b"), taken(batches, "c")
    clock.now = 5.0
    batches.done(other)
    for _ in range(3):
        batches.give_back(suspect, "a", died=True)
        assert taken(batches, "a") is suspect
    assert suspect.alone
    clock.now = 100.0
    assert batches.take("c", 2) is None
    assert batches.take("b", 2) is third
    batches.done(third)
    assert batches.take("b", 2) is suspect
    assert batches.done(suspect)
    assert batches.finished


def test_a_batch_is_late_some_day_though_none_was_read_before() -> None:
    clock = Clock()
    batches = Batches(places(40), clock)
    first = taken(batches, "a")
    clock.now = 240.0
    assert batches.take("b", 2) is None
    clock.now = 242.0
    assert batches.take("b", 2) is first


def test_a_copy_of_a_batch_that_is_given_back_leaves_the_other_one() -> None:
    clock = Clock()
    batches = Batches(places(100), clock)
    slow, quick = taken(batches, "slow"), taken(batches, "quick")
    batches.done(quick)
    clock.now = 100.0
    assert batches.take("quick", 2) is slow
    batches.give_back(slow, "slow", died=True)
    assert batches.take("quick", 2) is None
    assert batches.done(slow)
    assert batches.finished


def test_a_photo_that_ends_every_worker_is_found_and_given_up() -> None:
    batches = Batches(places(60))
    bad, out_of_reach, read = 37, list[tuple[int, str]](), set[int]()
    while (batch := batches.take("a", 2)) is not None:
        ids = set(batch.places.ids.tolist())
        if bad not in ids:
            batches.done(batch)
            read |= ids
        elif (given_up := batches.give_back(batch, "a", died=True)) is not None:
            out_of_reach += given_up.out_of_reach
    assert [place_id for place_id, _ in out_of_reach] == [bad]
    assert read == set(range(1, 61)) - {bad}
    assert batches.finished


def test_photos_beside_the_one_that_ends_workers_are_read() -> None:
    """Whatever a worker had is given back when it ends, the innocent batches too."""
    batches = Batches(places(40), smallest=5, largest=5)
    bad, given_up, read = 17, list[int](), set[int]()
    while not batches.finished:
        held = list[Batch]()
        while len(held) < 4 and (batch := batches.take("a", 2)) is not None:
            held.append(batch)
        if any(bad in each.places.ids for each in held):
            results = [batches.give_back(each, "a", died=True) for each in held]
            given_up += [place_id for each in results if each is not None for place_id, _ in each.out_of_reach]
        else:
            for each in held:
                assert batches.done(each)
                read |= set(each.places.ids.tolist())
    assert given_up == [bad]
    assert read == set(range(1, 41)) - {bad}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_workers_do_every_place_is_read_once(seed: int) -> None:
    draw, clock = random.Random(seed), Clock()
    batches, read = Batches(places(1_000), clock, 5, 20), list[int]()
    held: list[tuple[Batch, str]] = []
    while not batches.finished:
        clock.now += draw.random()
        worker = draw.choice("abcd")
        if sum(name == worker for _, name in held) < 4 and (batch := batches.take(worker, 4)) is not None:
            held.append((batch, worker))
        if held and draw.random() < 0.5:
            batch, worker = held.pop(draw.randrange(len(held)))
            if draw.random() < 0.1:
                mine = [pair for pair in held if pair[1] == worker]
                held = [pair for pair in held if pair[1] != worker]
                for lost, _ in [*mine, (batch, worker)]:
                    assert batches.give_back(lost, worker, died=False) is None
            elif batches.done(batch):
                read += batch.places.ids.tolist()
    assert sorted(read) == list(range(1, 1_001))
