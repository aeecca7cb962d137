"""The colours of classes are distinct in both themes, also with the two common kinds of colour blindness."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.photo_class import PALETTE

#: sRGB to CIE XYZ, and the white of D65 (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.0888])
#: Linear sRGB as seen without red or without green cones (Machado, Oliveira and Fernandes 2009, severity 1).
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
#: Where swatches are painted: lists and windows of a light and a dark theme.
GROUNDS = ("#ffffff", "#efefef", "#1f1f1f", "#2b2b2b")


def lab(colour: str, sight: str = "normal") -> NDArray[np.float64]:
    """(3,) CIELAB of "#rrggbb" as it is seen."""
    srgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    relative = TO_XYZ @ np.clip(SIGHTS[sight] @ linear, 0, 1) / WHITE
    curved = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    return np.array([116 * curved[1] - 16, 500 * (curved[0] - curved[1]), 200 * (curved[1] - curved[2])])


def distance(one: str, other: str, sight: str = "normal") -> float:
    return float(np.linalg.norm(lab(one, sight) - lab(other, sight)))


def test_there_are_colours_for_24_classes() -> None:
    assert len(set(PALETTE)) == 24


@pytest.mark.parametrize(("sight", "least"), [("normal", 26), ("protanopia", 15), ("deuteranopia", 15)])
def test_any_two_classes_have_distinct_colours(sight: str, least: float) -> None:
    one, other = min(combinations(PALETTE, 2), key=lambda pair: distance(pair[0], pair[1], sight))
    assert distance(one, other, sight) >= least, (one, other)


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_colour_is_seen_on_light_and_dark(ground: str) -> None:
    assert min(distance(colour, ground) for colour in PALETTE) >= 24


def test_distances_are_those_of_the_standard() -> None:
    assert np.allclose(lab("#ffffff"), [100, 0, 0], atol=0.1)
    assert np.allclose(lab("#ff0000"), [53.2, 80.1, 67.2], atol=0.1)
