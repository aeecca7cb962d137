"""The state of a checked sample: the photos drawn, the answers, the proven bound, and the photos to ask about next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import values_of
from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.library.tables.sample_checks import StoredSample
from flowersorter.messages import Text, plural, text
from flowersorter.workflows.evaluation.sample_bound import checks_needed, right_at_least, right_fewer_than

#: Default goal: this many of 100 suggestions are to be right.
GOAL = 98
#: Offered where it takes fewer answers: with few photos the other takes nearly all of them.
LOOSER_GOAL = 90
#: Offered in turn where a goal is missed.
_LOWER_GOALS = (95, LOOSER_GOAL, 80, 70, 50)


@dataclass(frozen=True, slots=True)
class DrawnPhoto:
    """A photo of the sample.

    Attributes:
        photo_id: The photo.
        path: One of its places.
        class_id: The suggestion that is checked.
        confidence: Its calibrated probability now.
        verdict: Its verdict now.
    """

    photo_id: int
    path: Path
    class_id: int
    confidence: float
    verdict: Verdict


@dataclass(frozen=True, eq=False)  # without slots: `cached_property` needs a dictionary
class CheckedSample:
    """The state of a check.

    Skipped photos, photos that are gone, and photos with another suggestion by now count as wrong for the bound.

    Attributes:
        sample: The photos in the order drawn, with their suggestions.
        goal: The number of suggestions of 100 that are to be right.
        rows: The present photos of the folder.
        answers: By photo id; a label answers too, and so does any other answer that contradicts the suggestion.
        withdrawn: A sentence if an earlier check was just withdrawn, with the reason; else "".
        widened: A sentence if it is about more suggestions than were chosen, because none of these is there; else "".
    """

    sample: StoredSample
    goal: int
    rows: PhotoRows
    answers: Mapping[int, CheckAnswer]
    withdrawn: str = ""
    widened: str = ""

    # -- the sample

    @property
    def photos(self) -> int:
        """Number of photos that the statement is about."""
        return len(self.sample.photo_ids)

    @cached_property
    def counted_answers(self) -> list[CheckAnswer]:
        """The answers in the order drawn, up to the first photo without one.

        Later answers count once the gap is filled: only then is the sample a random one.
        """
        found: list[CheckAnswer] = []
        for photo_id, row in zip(self.sample.photo_ids.tolist(), self._row_of.tolist(), strict=True):
            if photo_id not in self.answers and row >= 0:
                break
            found.append(self.answers.get(photo_id, CheckAnswer.SKIPPED))
        return found

    @property
    def checked(self) -> int:
        """Number of suggestions that were found right or wrong."""
        return len(self.counted_answers) - self.skipped

    @property
    def wrong(self) -> int:
        """Number of them that are wrong."""
        return self.counted_answers.count(CheckAnswer.WRONG)

    @property
    def skipped(self) -> int:
        """Number of photos in `counted_answers` that were skipped or are gone."""
        return self.counted_answers.count(CheckAnswer.SKIPPED)

    @cached_property
    def changed(self) -> int:
        """Number of photos without an answer that have another suggestion by now."""
        there = np.flatnonzero(self._row_of >= 0)
        now = self.rows.class_ids[self._row_of[there]]
        changed = there[(now > 0) & (now != self.sample.class_ids[there])]
        return len(set(self.sample.photo_ids[changed].tolist()) - self.answers.keys())

    # -- the statement

    @cached_property
    def at_least(self) -> int:
        """The proven bound: at least this many of 100 suggestions are right, 95 % sure."""
        return max(0, right_at_least(self.photos, self._not_right) - self._changed_of_100)

    @property
    def out_of_reach(self) -> bool:
        """Whether so many suggestions have changed that the goal cannot be reached."""
        return self.goal + self._changed_of_100 > 100

    @property
    def goal_in_reach(self) -> int:
        """The goal, or the highest one that the changed suggestions leave in reach."""
        return max(1, min(self.goal, 100 - self._changed_of_100))

    @property
    def reached(self) -> bool:
        """Whether the goal is reached, 95 % sure."""
        return self.at_least >= self.goal

    @cached_property
    def missed(self) -> bool:
        """Whether fewer suggestions than the goal are right, 95 % sure."""
        goal = self.goal - self._changed_of_100
        return not self.reached and right_fewer_than(self.photos, len(self.counted_answers), self.wrong, goal)

    @property
    def lower_goal(self) -> int | None:
        """A goal that is not missed, to go on with; None where the goal is not missed, or every lower one is too."""
        lower = (goal for goal in _LOWER_GOALS if goal < self.goal and not replace(self, goal=goal).missed)
        return next(lower, None) if self.missed else None

    @cached_property
    def needed(self) -> int | None:
        """Number of further photos that have to be right to reach the goal; None if it is out of reach."""
        return checks_needed(self.photos, self._not_right, self._goal_before)

    @cached_property
    def looser(self) -> CheckedSample | None:
        """The same check with `LOOSER_GOAL`, where that takes fewer answers; else None."""
        if self.goal <= LOOSER_GOAL or self.done:
            return None
        other = replace(self, goal=LOOSER_GOAL)
        fewer = other.needed is not None and (self.needed is None or other.needed < self.needed)
        return other if fewer else None

    @cached_property
    def done(self) -> bool:
        """Whether there is no photo left to ask about."""
        return not self.next_photos(1)

    @property
    def statement(self) -> Text:
        """State the proven bound in a sentence."""
        right = self.checked - self.wrong
        if len(self.counted_answers) == self.photos and not self.skipped:
            return text("All photos are checked: {right} of {photos} are right.", right=right, photos=self.photos)
        if self.missed and self.at_least:
            return text(
                "Fewer than {goal} of 100 are right, but at least {right} are, each 95 % sure ({tally}).",
                goal=self.goal,
                right=self.at_least,
                tally=self._tally_now,
            )
        if self.missed:
            return text(
                "Fewer than {goal} of 100 are right, 95 % sure ({tally}).", goal=self.goal, tally=self._tally_now
            )
        if not self.at_least:
            return text("Too few are checked to say how many are right ({tally}).", tally=self._tally_now)
        return text(
            "At least {right} of 100 are right, 95 % sure ({tally}).", right=self.at_least, tally=self._tally_now
        )

    @property
    def note(self) -> Text | None:
        """The statement for the description of the folder: it names the suggestions; None where nothing is proven."""
        complete = len(self.counted_answers) == self.photos and not self.skipped
        if not (complete or self.at_least or self.missed):
            return None
        if self.sample.include == "sure":
            return text("Check of the sure suggestions: {statement}", statement=self.statement)
        if self.sample.include == "likely":
            return text("Check of the sure and likely suggestions: {statement}", statement=self.statement)
        return text("Check of a sample: {statement}", statement=self.statement)

    @property
    def outlook(self) -> Text | None:
        """The answers that are still needed, as a sentence; None if none is."""
        if self.done:
            return None
        if self.needed is None:
            return text("To reach {goal} of 100, answer the photos you skipped.", goal=self.goal)
        return plural(
            "{number} more photo, if it is right, makes it {goal} of 100.",
            "{number} more photos, if all are right, make it {goal} of 100.",
            self.needed,
            goal=self.goal,
        )

    @property
    def tally(self) -> Text:
        """State the numbers of checked and of wrong ones, as a part of a sentence."""
        counts = {"checked": self.checked, "photos": self.photos, "wrong": self.wrong, "skipped": self.skipped}
        if self.skipped:
            return text("{checked} of {photos} checked, {wrong} wrong, {skipped} skipped or gone", **counts)
        return text("{checked} of {photos} checked, {wrong} wrong", **counts)

    @property
    def _tally_now(self) -> Text:
        """`tally`, with the suggestions that have changed."""
        if not self.changed:
            return self.tally
        return text("{tally}, {changed} suggested otherwise by now", tally=self.tally, changed=self.changed)

    # -- the photos

    def next_photos(self, count: int | None = None) -> tuple[DrawnPhoto, ...]:
        """The photos to ask about next, in the order drawn; then those that were skipped, where the rest is too few.

        Args:
            count: Most photos to return; None for as many as the goal needs if all are right.
        """
        if self.reached or self.missed:
            return ()
        wanted = (self.needed or self.photos) if count is None else count
        asked = self._with_answer(None, wanted)
        if self.needed is not None:
            return asked
        if_right = [answer is CheckAnswer.WRONG for answer in self.counted_answers]
        asked = asked[: checks_needed(self.photos, if_right, self._goal_before) or 0]
        return (*asked, *self._with_answer(CheckAnswer.SKIPPED, wanted - len(asked)))

    def _with_answer(self, answer: CheckAnswer | None, count: int) -> tuple[DrawnPhoto, ...]:
        """The first photos that still exist and have this answer, or no answer."""
        found: list[DrawnPhoto] = []
        for at in range(0 if answer else len(self.counted_answers), self.photos):
            if len(found) == count:
                break
            if self.answers.get(int(self.sample.photo_ids[at])) is answer and self._row_of[at] >= 0:
                found.append(self._photo(at))
        return tuple(found)

    def suggestion(self, photo_id: int) -> int:
        """The class id of the suggestion that is checked for a photo of the sample."""
        return int(self.sample.class_ids[self.sample.photo_ids == photo_id][0])

    def photo_at(self, path: Path) -> DrawnPhoto | None:
        """The photo of the sample at a path; None where there is none."""
        try:
            photo_id = self.rows.photo_ids[self.rows.paths.index(path)]
        except ValueError:
            return None
        at = np.flatnonzero(self.sample.photo_ids == photo_id)
        return self._photo(int(at[0])) if len(at) else None

    @property
    def _changed_of_100(self) -> int:
        return -(-100 * self.changed // self.photos)

    @property
    def _goal_before(self) -> int:
        """The number of suggestions of 100 that have to be right as drawn."""
        return min(self.goal + self._changed_of_100, 100)

    @property
    def _not_right(self) -> list[bool]:
        return [answer is not CheckAnswer.RIGHT for answer in self.counted_answers]

    @cached_property
    def _row_of(self) -> NDArray[np.intp]:
        """(N,) intp: the row of each photo drawn; -1 where it is gone."""
        return first_rows(self.rows, self.sample.photo_ids)

    def _photo(self, at: int) -> DrawnPhoto:
        row = int(self._row_of[at])
        return DrawnPhoto(
            int(self.sample.photo_ids[at]),
            self.rows.paths[row],
            int(self.sample.class_ids[at]),
            float(self.rows.confidences[row]),
            Verdict(int(self.rows.verdicts[row])),
        )


def first_rows(rows: PhotoRows, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return (N,) intp: the first row of each photo, -1 where it has none."""
    known, first = np.unique(rows.photo_ids, return_index=True)
    return values_of(photo_ids, known, first, -1)
