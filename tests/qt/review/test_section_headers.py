"""Headers ask the question of their section and give the answer; steps count what is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QDate, QLocale, QPoint, QStringListModel, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.review.progress import ReviewProgress
from flowersorter.ui.review.sections.section_header import SectionHeader
from flowersorter.ui.review.sections.section_headers import ConfirmHeader, GroupHeader, PairHeader, header_for
from flowersorter.ui.review.steps_bar import Step, StepButton, StepsBar
from flowersorter.ui.shared import theme
from tests.qt.palettes import dark, light, shown_on

NAMES = {1: "daisy", 2: "R&B roses", 3: "tulips"}


def header(qtbot: QtBot, kind: SectionKind, *key: int | str, count: int = 18) -> SectionHeader:
    made = header_for(Section(kind, key, 0, count), NAMES, QStringListModel(list(NAMES.values())))
    qtbot.addWidget(made)
    made.resize(800, made.sizeHint().height())
    made.show()
    return made


def test_a_group_is_named_by_typing_or_by_a_suggested_class(qtbot: QtBot) -> None:
    made = header(qtbot, SectionKind.LOOK_ALIKES, 1001)
    assert isinstance(made, GroupHeader)
    assert made.title.text() == "These 18 look alike. What are they?"
    assert header(qtbot, SectionKind.LOOK_ALIKES, 1001, count=1).title.text() == "What is this?"
    assert not made.name.isEnabled()
    answers: list[str] = []
    made.named.connect(answers.append)
    QTest.keyClick(made.field, Qt.Key.Key_Return)
    QTest.keyClicks(made.field, " bluebell ")
    QTest.keyClick(made.field, Qt.Key.Key_Return)
    made.show_choices(["R&B roses"])
    assert made.choices[0].text() == "R&&B roses"
    assert made.choices[1].isHidden()
    QTest.mouseClick(made.choices[0], Qt.MouseButton.LeftButton)
    assert answers == ["bluebell", "R&B roses"]


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        (SectionKind.LOOK_ALIKES, (1001,), "A click leaves a photo out"),
        (SectionKind.TORN, (1, 3), "A click leaves a photo out"),
        (SectionKind.LIKELY, (1,), "A click leaves a photo out"),
        (SectionKind.SURE, (1,), "A click leaves a photo out"),
        (SectionKind.UNSURE, (1,), "A click selects a photo"),
        (SectionKind.UNKNOWN, (), "A click selects a photo"),
        (SectionKind.CONFIRMED, (1,), ""),
    ],
)
def test_a_header_says_how_a_click_is_answered(
    qtbot: QtBot, kind: SectionKind, key: tuple[int, ...], said: str
) -> None:
    made = header(qtbot, kind, *key)
    assert made.hint.text() == said
    assert made.hint.width() >= made.hint.sizeHint().width()
    made.resize(made.minimumSizeHint().width(), made.height())
    assert made.hint.text() == "", "there is no room for it"
    made.resize(800, made.height())
    assert made.hint.text() == said


def test_a_narrow_header_keeps_the_field_and_the_likeliest_class(qtbot: QtBot) -> None:
    viewport = QWidget()
    qtbot.addWidget(viewport)
    viewport.resize(800, 200)
    made = header_for(Section(SectionKind.LOOK_ALIKES, (1001,), 0, 18), NAMES, QStringListModel(), viewport)
    assert isinstance(made, GroupHeader)
    made.setGeometry(0, 0, 800, made.sizeHint().height())
    viewport.show()
    made.show_choices(["tulips", "daisy"])
    assert not made.choices[1].isHidden()
    made.resize(400, made.height())
    assert [made.field.isHidden(), made.choices[0].isHidden(), made.choices[1].isHidden()] == [False, False, True]
    made.show_choices([])
    made.field.setMaximumWidth(1000)
    assert made.more.isVisible()
    assert made.more.geometry().right() >= 400 - 2 * theme.GAP_PX, "no room is lost beside the field"


@pytest.mark.parametrize("width", [380, 1000])
def test_no_part_of_a_pair_is_cut_off_in_a_narrow_header(qtbot: QtBot, width: int) -> None:
    viewport = QWidget()
    qtbot.addWidget(viewport)
    viewport.resize(width, 200)
    made = PairHeader(Section(SectionKind.TORN, (2, 3), 0, 125), NAMES, viewport)
    made.setGeometry(0, 0, width, made.sizeHint().height())
    viewport.show()
    assert made.title.width() >= made.title.fontMetrics().horizontalAdvance(made.title.text())
    parts = [made.title, made.count, *made.choices, made.single]
    assert all(made.rect().contains(part.geometry()) for part in parts)
    assert not any(
        one.geometry().intersects(other.geometry()) for at, one in enumerate(parts) for other in parts[at + 1 :]
    )
    assert all(part.width() >= part.sizeHint().width() for part in (made.count, *made.choices, made.single))


def test_photos_left_out_are_not_counted_and_without_any_there_is_no_answer(qtbot: QtBot) -> None:
    made = header(qtbot, SectionKind.LOOK_ALIKES, 1001, count=3)
    assert isinstance(made, GroupHeader)
    made.field.setText("bluebell")
    made.show_left_out(2)
    assert made.name.text() == "Name 1 photo"
    assert made.name.isEnabled()
    made.show_left_out(3)
    assert not made.name.isEnabled()
    assert not made.none.isEnabled()
    with qtbot.assertNotEmitted(made.named):
        QTest.keyClick(made.field, Qt.Key.Key_Return)


def test_a_torn_pair_offers_both_classes(qtbot: QtBot) -> None:
    made = header(qtbot, SectionKind.TORN, 2, 3, count=9)
    assert isinstance(made, PairHeader)
    assert made.title.text() == "R&B roses or tulips?"
    assert [choice.text() for choice in made.choices] == ["All R&&B roses", "All tulips"]
    assert made.choices[1].accessibleName() == "9 photos are of the class tulips"
    with qtbot.waitSignal(made.chosen) as chosen:
        QTest.mouseClick(made.choices[1], Qt.MouseButton.LeftButton)
    assert chosen.args == [3]


def test_suggestions_of_one_class_are_confirmed_at_once(qtbot: QtBot) -> None:
    made = header(qtbot, SectionKind.SURE, 3, count=204)
    assert isinstance(made, ConfirmHeader)
    assert (made.title.text(), made.confirm.text()) == ("tulips, sure", "Confirm all 204")
    made.show_left_out(4)
    assert made.confirm.text() == "Confirm 200"
    made.update_section(Section(SectionKind.SURE, (3,), 0, 5))
    assert made.confirm.text() == "Confirm 1"
    with qtbot.waitSignal(made.confirmed):
        QTest.mouseClick(made.confirm, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("kind", "key", "title"),
    [
        (SectionKind.CONFIRMED, (1,), "daisy, confirmed"),
        (SectionKind.LIKELY, (1,), "daisy, likely"),
        (SectionKind.UNSURE, (1,), "daisy? Not sure"),
        (SectionKind.UNKNOWN, (), "Unknown"),
        (SectionKind.NOT_MINE, (), "Not mine"),
        (SectionKind.CLASS, (3,), "tulips"),
        (SectionKind.FOLDER, ("/photos/May 2026",), "May 2026"),
        (SectionKind.DAY, ("2026-05-01",), QLocale().toString(QDate(2026, 5, 1), QLocale.FormatType.LongFormat)),
        (SectionKind.DAY, ("",), "Without a date"),
    ],
)
def test_titles_name_the_section(qtbot: QtBot, kind: SectionKind, key: tuple[int | str, ...], title: str) -> None:
    made = header(qtbot, kind, *key)
    assert made.title.text() == title
    assert made.accessibleName() == f"{title}, 18 photos"


def test_steps_count_down_and_the_current_one_is_lit(qtbot: QtBot) -> None:
    steps = StepsBar()
    qtbot.addWidget(steps)
    steps.resize(800, 40)
    steps.show()
    assert not _lit(steps), "nothing is to be done without a folder"
    steps.show_progress(ReviewProgress(groups=12, to_name=129, to_check=41, to_sort=812, done=830, total=1000))
    assert _lit(steps) == [steps.name]
    assert (steps.name.text(), steps.check.text(), steps.sort.text()) == (
        "1 Name  129",
        "2 Check  41",
        "3 Sort  812",
    )
    assert steps.left.text() == "170 left to decide"
    assert steps.name.toolTip() == "Photos without a class in 12 groups of look-alikes: 129"
    assert steps.check.accessibleName() == "Step 2: Check, 41 photos", "each number has its unit"
    with qtbot.waitSignal(steps.check_requested):
        QTest.mouseClick(steps.check, Qt.MouseButton.LeftButton)
    steps.show_progress(ReviewProgress(to_check=41, to_sort=900, done=999, total=1001))
    assert _lit(steps) == [steps.check]
    assert not steps.name.icon().isNull()
    assert not steps.name.isEnabled()
    assert steps.name.accessibleName() == "Step 1: Name, done"
    assert steps.left.text() == "2 left to decide"
    steps.show_progress(ReviewProgress(to_sort=1001, done=1001, total=1001))
    assert _lit(steps) == [steps.sort]
    assert steps.left.text() == "Nothing left to decide"
    steps.show_progress(ReviewProgress(sorted_photos=1001, done=1001, total=1001))
    assert not _lit(steps), "all is done"
    assert all(not step.icon().isNull() for step in (steps.name, steps.check, steps.sort))
    assert (steps.sort.text(), steps.sort.accessibleName()) == ("3 Sort", "Step 3: Sort, done")
    steps.show_progress(ReviewProgress(done=1001, total=1001))
    assert steps.sort.icon().isNull(), "nothing has a class"


def test_the_step_of_the_photos_in_view_is_lit_as_long_as_it_has_something_left(qtbot: QtBot) -> None:
    steps = StepsBar()
    qtbot.addWidget(steps)
    steps.show_progress(ReviewProgress(groups=12, to_name=129, to_check=41, to_sort=812, done=830, total=1000))
    for step, button in ((Step.CHECK, steps.check), (Step.SORT, steps.sort), (None, steps.name)):
        steps.show_in_view(step)
        assert _lit(steps) == [button]
    steps.show_in_view(Step.CHECK)
    steps.show_progress(ReviewProgress(groups=12, to_name=129, to_sort=812, done=830, total=1000))
    assert _lit(steps) == [steps.name]


def test_the_current_step_stays_lit_under_the_mouse(qtbot: QtBot) -> None:
    steps = StepsBar()
    qtbot.addWidget(steps)
    steps.resize(800, 40)
    steps.show_progress(ReviewProgress(groups=12, to_name=117, to_check=41, to_sort=812, done=830, total=1000))
    steps.show()
    qtbot.waitExposed(steps)

    def ground(step: StepButton) -> QColor:
        return step.grab().toImage().pixelColor(step.width() // 2, 3)

    QTest.mouseMove(steps, QPoint(799, 39))
    lit, plain = ground(steps.name), ground(steps.check)
    assert lit != plain
    QTest.mouseMove(steps.name)
    qtbot.waitUntil(steps.name.underMouse)
    assert ground(steps.name) == lit
    QTest.mouseMove(steps.check)
    qtbot.waitUntil(steps.check.underMouse)
    assert ground(steps.check) not in (lit, plain), "the others show that they can be pressed"


def test_a_tick_does_not_move_what_is_below_the_steps(qtbot: QtBot) -> None:
    steps = StepsBar()
    qtbot.addWidget(steps)
    steps.show_progress(ReviewProgress(groups=12, to_name=129, to_check=41, total=1000))
    before = steps.sizeHint().height()
    steps.show_progress(ReviewProgress(to_check=41, total=1000))
    assert not steps.name.icon().isNull()
    assert steps.sizeHint().height() == before


def test_a_step_is_not_done_while_photos_wait_for_their_suggestion(qtbot: QtBot) -> None:
    steps = StepsBar()
    qtbot.addWidget(steps)
    steps.show_progress(ReviewProgress(to_check=2, to_sort=3, pending=True, done=3, total=8))
    assert steps.name.icon().isNull()
    assert steps.check.icon().isNull()
    assert not _lit(steps)


def _lit(steps: StepsBar) -> list[StepButton]:
    return [step for step in (steps.name, steps.check, steps.sort) if step.current]


def test_a_button_that_appears_in_a_wider_header_is_in_its_place_at_once(qtbot: QtBot) -> None:
    viewport = QWidget()
    qtbot.addWidget(viewport)
    viewport.resize(1000, 200)
    viewport.show()
    header = GroupHeader(Section(SectionKind.LOOK_ALIKES, (7,), 0, 12), NAMES, QStringListModel(), viewport)
    header.show_choices(["daisy", "tulips"])
    header.setGeometry(0, 0, 1000, header.sizeHint().height())  # it hears of its width when it is shown
    header.show()
    assert header.choices[1].isVisible()
    assert header.choices[1].x() > header.choices[0].geometry().right()
    assert header.choices[1].y() > header.title.y(), "not over the title"


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("kind", [SectionKind.LOOK_ALIKES, SectionKind.TORN])
def test_what_has_no_room_is_in_the_menu_of_the_line(qtbot: QtBot, kind: SectionKind) -> None:
    viewport = QWidget()
    qtbot.addWidget(viewport)
    viewport.resize(1100, 200)
    made = header_for(Section(kind, (2, 3), 0, 125), NAMES, QStringListModel(), viewport)
    viewport.show()
    assert isinstance(made, (GroupHeader, PairHeader))
    answers = [made.choices[0], made.choices[1], made.single] if isinstance(made, PairHeader) else []
    if isinstance(made, GroupHeader):
        made.show_choices(["dandelion", "sunflowers"])
        answers = [made.name, *made.choices[:2], made.none, made.skip]
    for width in range(1100, 239, -20):
        made.setGeometry(0, 0, width, made.sizeHint().height())
        QApplication.processEvents()
        shown = [each for each in answers if each.isVisible()]
        for each in (*shown, *([made.more] if made.more.isVisible() else [])):
            assert each.width() >= each.sizeHint().width(), f"{each.text()} is cut off in {width} px"
            assert each.mapTo(made, each.rect().topRight()).x() < width
        made.more.menu().aboutToShow.emit()
        offered = [action.text() for action in made.more.menu().actions()]
        assert sorted(offered) == sorted(each.text() for each in answers if each not in shown)
        assert made.more.isVisible() == bool(offered)
    assert offered, "it is narrow enough to leave some out"


def test_an_answer_from_the_menu_is_that_of_its_button(qtbot: QtBot) -> None:
    viewport = QWidget()
    qtbot.addWidget(viewport)
    made = header_for(Section(SectionKind.LOOK_ALIKES, (7,), 0, 12), NAMES, QStringListModel(), viewport)
    assert isinstance(made, GroupHeader)
    made.setGeometry(0, 0, 250, made.sizeHint().height())
    viewport.show()
    made.more.menu().aboutToShow.emit()
    actions = {action.objectName(): action for action in made.more.menu().actions()}
    assert not actions["section_name_button"].isEnabled(), "no name is typed"
    with qtbot.waitSignal(made.passed_over):
        actions["section_skip"].trigger()
    QTest.keyClicks(made.field, "iris")
    made.more.menu().aboutToShow.emit()
    actions = {action.objectName(): action for action in made.more.menu().actions()}
    with qtbot.waitSignal(made.named) as named:
        actions["section_name_button"].trigger()
    assert named.args == ["iris"]


@pytest.mark.parametrize(
    ("kind", "key"), [(SectionKind.SURE, (3,)), (SectionKind.LIKELY, (2,)), (SectionKind.TORN, (2, 3))]
)
def test_the_buttons_are_beside_the_title_however_wide_the_window_is(
    qtbot: QtBot, kind: SectionKind, key: tuple[int, int]
) -> None:
    made = header(qtbot, kind, *key)
    made.resize(2100, made.height())
    buttons = [each for each in made.findChildren(QPushButton) if each.isVisible()]
    left = min(each.mapTo(made, each.rect().topLeft()).x() for each in buttons)
    before = made.count if made.count.isVisible() else made.title
    assert made.title.width() == made.title.sizeHint().width()
    assert left - before.geometry().right() <= 2 * theme.GAP_PX
    made.resize(260, made.height())
    assert made.title.width() >= 96
    assert all(made.rect().contains(each.geometry()) for each in buttons)


@pytest.mark.parametrize("palette", [light, dark])
def test_a_header_is_set_off_from_the_line_above_it(qtbot: QtBot, palette: Callable[[], QPalette]) -> None:
    with shown_on(theme.readable(palette())) as shown:
        made = header(qtbot, SectionKind.UNKNOWN)
        made.setAutoFillBackground(True)
        edge = made.grab().toImage().pixelColor(made.width() // 2, 0)
        assert theme.contrast(edge, shown.color(QPalette.ColorRole.Window)) >= 1.5


@pytest.mark.parametrize("points", [9, 18])
def test_no_step_is_cut_off(qtbot: QtBot, points: float) -> None:
    steps = StepsBar()
    qtbot.addWidget(steps)
    font = steps.font()
    font.setPointSizeF(points)
    steps.setFont(font)
    with qtbot.waitExposed(steps):
        steps.show()
    steps.show_progress(ReviewProgress(groups=12, to_name=129, to_check=41, to_sort=812, done=830, total=1000))
    for width in range(1000, 359, -20):
        steps.resize(width, 40)
        QApplication.processEvents()
        shown = [each.text() for each in (steps.name, steps.check, steps.sort)]
        assert "Name" in shown[0], "the current one has its word"
        assert shown[1:] in (["2 Check  41", "3 Sort  812"], ["2  41", "3  812"])
        for each in (steps.name, steps.check, steps.sort):
            assert each.width() >= each.sizeHint().width(), (width, each.text())
    assert steps.check.toolTip().startswith("Check. Photos whose") == (shown[1] == "2  41")


@pytest.mark.usefixtures("german")
def test_the_number_left_is_never_cut_off(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1000, 60)
    steps = StepsBar(window)
    with qtbot.waitExposed(window):
        window.show()
    steps.resize(1000, 40)
    steps.show_progress(
        ReviewProgress(groups=2, to_name=6, to_check=96, to_sort=39, done=42, total=144, no_longer_sure=19)
    )
    assert steps.left.text() == "102 noch zu entscheiden, 19 nicht mehr sicher"
    for width in range(1000, 420, -20):
        steps.resize(width, 40)
        QApplication.processEvents()
        inside = steps.left.geometry().right() < width
        assert steps.left.isHidden() or (inside and steps.left.width() >= steps.left.sizeHint().width()), width
    steps.resize(1000, 40)
    assert steps.left.text() == "102 noch zu entscheiden, 19 nicht mehr sicher"
