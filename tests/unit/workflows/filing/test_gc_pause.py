"""Making very many objects: the search for garbage rests meanwhile, and goes on afterwards whatever happens."""

from __future__ import annotations

import gc

import pytest

from flowersorter.workflows.filing.gc_pause import paused_gc


def test_the_search_rests_and_goes_on() -> None:
    def work() -> None:
        with paused_gc():
            with paused_gc():
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        work()
    assert gc.isenabled()


def test_a_search_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with paused_gc():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
