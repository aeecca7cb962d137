"""Where a photo is in its view: fitted, magnified around a point, moved. No window is needed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QSize

from flowersorter.ui.large_view.zoom import FITTED, Frame, Zoom

FRAME = Frame(QSize(4000, 3000), QSize(800, 500))


def under(frame: Frame, zoom: Zoom, at: QPointF) -> tuple[float, float]:
    """The point of the photo under a point of the view, as fractions."""
    place = frame.rect(zoom)
    return (at.x() - place.left()) / place.width(), (at.y() - place.top()) / place.height()


def test_a_fitted_photo_is_whole_and_in_the_middle() -> None:
    place = FRAME.rect(FITTED)
    assert (place.height(), place.center()) == (500, QPointF(400, 250))
    assert place.width() / place.height() == pytest.approx(4 / 3)


def test_a_tiny_photo_is_enlarged_twice_at_most() -> None:
    assert Frame(QSize(40, 30), QSize(800, 500)).rect(FITTED).width() == 80


@pytest.mark.parametrize("at", [QPointF(400, 250), QPointF(250, 130), QPointF(660, 400)])
@pytest.mark.parametrize("factor", [1.25, 2.0, 7.0])
def test_the_point_under_the_cursor_stays_there(at: QPointF, factor: float) -> None:
    before = FRAME.magnified(FITTED, 2.5, QPointF(400, 250))
    after = FRAME.magnified(before, factor, at)
    assert after.magnification == pytest.approx(2.5 * factor)
    assert under(FRAME, after, at) == pytest.approx(under(FRAME, before, at))
    back = FRAME.magnified(after, 1 / factor, at)
    assert (back.x, back.y) == pytest.approx((before.x, before.y))


def test_a_click_shows_a_pixel_as_a_pixel_and_the_next_one_the_whole_photo() -> None:
    for ratio in (1.0, 2.0):
        frame = Frame(FRAME.photo, FRAME.view, ratio)
        actual = frame.toggled(FITTED, QPointF(300, 200))
        assert frame.rect(actual).width() * ratio == pytest.approx(4000)
        assert under(frame, actual, QPointF(300, 200)) == pytest.approx(under(frame, FITTED, QPointF(300, 200)))
        assert frame.toggled(actual, QPointF(1, 1)) == FITTED
    small = Frame(QSize(300, 200), QSize(800, 500))
    assert small.toggled(FITTED, QPointF(400, 250)).magnification == 2  # it is enlarged already: closer still


def test_the_edges_stay_outside_and_the_limits_hold() -> None:
    near = FRAME.magnified(FITTED, 4, QPointF(400, 250))
    place = FRAME.rect(FRAME.moved(near, QPointF(10_000, -10_000)))
    assert place.left() == pytest.approx(0)
    assert place.bottom() == pytest.approx(500)
    assert FRAME.magnified(near, 0.01, QPointF(0, 0)) == FITTED
    nearest = FRAME.magnified(near, 1e9, QPointF(400, 250))
    assert FRAME.rect(nearest).width() == pytest.approx(8 * 4000)  # 8 pixels of the screen for one of the photo


def test_dragging_moves_the_photo_with_the_mouse() -> None:
    before = FRAME.magnified(FITTED, 4, QPointF(400, 250))
    after = FRAME.moved(before, QPointF(30, -20))
    assert FRAME.rect(after).topLeft() - FRAME.rect(before).topLeft() == QPointF(30, -20)


@pytest.mark.parametrize("zoom", [FITTED, FRAME.magnified(FITTED, 3, QPointF(200, 200))])
def test_the_photo_stays_where_it_is_when_its_true_size_is_known(zoom: Zoom) -> None:
    thumbnail = Frame(QSize(341, 256), FRAME.view)  # a thumbnail's shape is rounded
    before = thumbnail.rect(thumbnail.within(zoom))
    frame, kept = thumbnail.resized(thumbnail.within(zoom), FRAME.photo)
    after = frame.rect(kept)
    for one, other in ((before.topLeft(), after.topLeft()), (before.bottomRight(), after.bottomRight())):
        assert (one - other).manhattanLength() < 4 * zoom.magnification
