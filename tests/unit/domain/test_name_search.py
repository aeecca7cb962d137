"""Names are found as people type them."""

from __future__ import annotations

import unicodedata

import pytest

from flowersorter.domain.name_search import best_matches, completion, unaccented

NAMES = ("ox-eye daisy", "Daisy", "Gänseblümchen", "Bluebell", "Straße", "dai", "桜の花")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("dai", ["Daisy", "dai", "ox-eye daisy"]),  # those that begin with it, then those that contain it
        (" DAI ", ["Daisy", "dai", "ox-eye daisy"]),
        ("ganseblu", ["Gänseblümchen"]),
        ("blü", ["Bluebell", "Gänseblümchen"]),
        ("strasse", ["Straße"]),
        ("x-e", ["ox-eye daisy"]),
        ("", list(NAMES)),
        ("tulip", []),
        ("d", ["Daisy", "dai", "ox-eye daisy"]),  # a letter alone only where a word begins with it
        ("e", ["ox-eye daisy"]),
        ("L", []),
        ("ß", ["Straße"]),  # two letters
        ("花", ["桜の花"]),  # a word
    ],
)
def test_names_that_begin_with_the_typed_text_come_first(typed: str, found: list[str]) -> None:
    assert [NAMES[at] for at in best_matches(NAMES, typed)] == found


@pytest.mark.parametrize(
    ("name", "typed", "rest"),
    [
        ("tulips", "tul", "ips"),
        ("Tulips", "tUL", "ips"),
        ("Gänseblümchen", "ganseb", "lümchen"),
        (unicodedata.normalize("NFD", "Gänseblümchen"), "gäns", "eblümchen"),
        ("Straße", "strass", "e"),
        ("Straße", "stras", ""),  # half of a letter
        ("tulips", "tulips", ""),
        ("red tulips", "tul", ""),
        ("tulips", "", ""),
    ],
)
def test_what_is_typed_is_completed(name: str, typed: str, rest: str) -> None:
    assert completion(name, typed) == rest


def test_accents_of_any_form_are_left_out() -> None:
    assert unaccented(unicodedata.normalize("NFC", "Éléphant Ñ")) == "elephant n"
    assert unaccented(unicodedata.normalize("NFD", "Éléphant Ñ")) == "elephant n"
