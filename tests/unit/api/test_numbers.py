"""Numbers that a script gives: a wrong one is refused with a sentence, whichever method gets it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowersorter import Collection
from flowersorter.errors import UserError
from tests.unit.workflows.conftest import draw_photos

#: Arguments that are whole numbers without a least one: an unknown number is refused as such.
_NUMBERS_OF = ("sort", "number")


def _numeric() -> Iterator[tuple[str, str]]:
    """Every public method of a collection with each of its arguments that is a number."""
    for name, method in inspect.getmembers(Collection, inspect.isfunction):
        if name.startswith("_"):
            continue
        for argument in inspect.signature(method).parameters.values():
            if re.search(r"\b(int|float)\b", str(argument.annotation)):
                yield name, argument.name


def test_every_argument_that_is_a_number_is_known() -> None:
    assert set(_numeric()) == {
        ("check", "goal"),
        ("export_labels", "place"),
        ("next", "n"),
        ("predict", "workers"),
        ("resume", "sort"),
        ("undo", "sort"),
        ("use_model", "number"),
        ("verify", "rate_mb"),
    }


@pytest.mark.parametrize("value", [-1, float("nan"), "many", True, 1.5, 0])
@pytest.mark.parametrize(("method", "argument"), sorted(_numeric()))
def test_a_wrong_number_is_refused_with_a_sentence(
    collection: Collection, tmp_path: Path, method: str, argument: str, value: Any
) -> None:
    if argument == "rate_mb" and value in (0, 1.5):
        pytest.skip("a rate, or no limit")
    [photo] = draw_photos(tmp_path / "photos", "red", 1)
    given: dict[str, tuple[Any, ...]] = {
        "check": (photo.parent,),
        "export_labels": (photo.parent, tmp_path / "labels.csv"),
        "next": (photo.parent,),
        "predict": (photo.parent,),
    }
    wrong = (value, 200) if argument == "place" else value
    with pytest.raises(UserError) as refused:
        getattr(collection, method)(*given.get(method, ()), **{argument: wrong})
    if argument not in (*_NUMBERS_OF, "place"):
        assert f"{argument} cannot be {value!r}" in str(refused.value)


@pytest.mark.parametrize("rate", [0, None, 0.5, np.float32(100), 200])
def test_no_limit_is_zero_or_none(collection: Collection, tmp_path: Path, rate: Any) -> None:
    draw_photos(tmp_path / "photos", "red", 1)
    collection.label(tmp_path / "photos" / "red_0.jpg", "red")
    collection.sort(tmp_path / "photos", to=tmp_path / "sorted", dry_run=False)
    assert collection.verify(rate_mb=rate).all_well


def test_an_unknown_choice_of_suggestions_is_refused_with_a_sentence(collection: Collection, tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos", "red", 1)
    with pytest.raises(UserError, match="include cannot be 'some'"):
        collection.check(tmp_path / "photos", include="some")  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["newest", "", None, ["date"]])
def test_an_unknown_order_is_refused_before_a_photo_is_read(collection: Collection, tmp_path: Path, order: Any) -> None:
    draw_photos(tmp_path / "photos", "red", 1)
    with pytest.raises(UserError) as refused:
        collection.predict(tmp_path / "photos", order=order)
    assert str(refused.value) == f'order cannot be {order!r}. Choose one of "name", "date".'
    assert collection.left_out == {}
    assert len(collection.predict(tmp_path / "photos", order="date")) == 1
