"""A check of a random sample, for a script: the photos to answer about, the answers, and the proven bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from flowersorter.api.answers import Photo, Prediction, Verdict
from flowersorter.api.paths import AnyPath, given_path
from flowersorter.errors import PhotoUnreadable
from flowersorter.messages import text
from flowersorter.workflows.models.current_model import STARTER, ModelName

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.evaluation.checked_sample import CheckedSample, DrawnPhoto


class SampleCheck:
    """A check of a folder's suggestions; `Collection.check` begins it or goes on with it.

    Its photos were drawn at random from those without a label. It is about these photos and the suggestions they had
    then. Answer about `photos` in their order until it is `done`; stop whenever you like: the `statement` is wrong in
    at most 5 of 100 checks, wherever you stop.

    Args:
        engine: Returns the engine of the open collection.
        check: Its present state.
    """

    def __init__(self, engine: Callable[[], Engine], check: CheckedSample) -> None:
        self._engine, self._check = engine, check
        self._withdrawn = check.withdrawn

    @property
    def photos(self) -> tuple[Photo, ...]:
        """The photos to answer about next, as many as the goal needs if all are right; none if it is done."""
        names = {entry.id: entry.name for entry in self._engine().collection.classes.all()}
        number = self._check.sample.model.rpartition("/")[2]
        model: ModelName = STARTER if number == STARTER else int(number)
        return tuple(_photo(drawn, names[drawn.class_id], model) for drawn in self._check.next_photos())

    def answer(self, photo: Photo | AnyPath, right: bool | None) -> None:
        """Say whether the suggestion of a photo is right. The answer is stored when this returns.

        An answer counts when all photos drawn before it are answered.

        Args:
            photo: One of the photos drawn, or its path. A photo that was answered can be answered again.
            right: True confirms the suggestion, which becomes the photo's label; None skips the photo, which then
                counts as wrong.

        Raises:
            PhotoUnreadable: the photo is not in the sample, or is gone.
            UserError: the suggested class was deleted.
        """
        from flowersorter.domain.check_answer import CheckAnswer
        from flowersorter.workflows.evaluation.check_sample import answer_sample

        path = (photo.path if isinstance(photo, Photo) else given_path(photo)).absolute()
        drawn = self._check.photo_at(path)
        if drawn is None:
            raise PhotoUnreadable(
                text("There is no answer about {photo}", photo=path), text("it is none of the photos of this check")
            )
        answer = CheckAnswer.SKIPPED if right is None else CheckAnswer.RIGHT if right else CheckAnswer.WRONG
        self._check = answer_sample(self._engine().collection, self._check, drawn.photo_id, answer)

    @property
    def statement(self) -> str:
        """State the proven bound, "At least 98 of 100 are right, 95 % sure (145 of 600 checked, 0 wrong)."."""
        return str(self._check.statement)

    @property
    def widened(self) -> str | None:
        """A sentence if none of the suggestions chosen is there, so that less certain ones are checked; else None."""
        return str(self._check.widened) or None

    @property
    def at_least(self) -> int:
        """The proven bound; at least this many of 100 suggestions are right, 95 % sure."""
        return self._check.at_least

    @property
    def goal(self) -> int:
        """The number of suggestions of 100 that are to be right."""
        return self._check.goal

    @property
    def reached(self) -> bool:
        """Whether the goal is reached, 95 % sure."""
        return self._check.reached

    @property
    def missed(self) -> bool:
        """Whether fewer suggestions than the goal are right, 95 % sure."""
        return self._check.missed

    @property
    def done(self) -> bool:
        """Whether there is nothing left to answer."""
        return self._check.done

    @property
    def population(self) -> int:
        """Number of photos that the statement is about."""
        return self._check.photos

    @property
    def checked(self) -> int:
        """Number of photos answered that count."""
        return self._check.checked

    @property
    def wrong(self) -> int:
        """Number of them whose suggestion is wrong."""
        return self._check.wrong

    @property
    def skipped(self) -> int:
        """Number of photos that count as wrong because they were skipped or are gone."""
        return self._check.skipped

    @property
    def withdrawn(self) -> str | None:
        """Why an earlier check of this folder was withdrawn when this one began; None if none was."""
        return self._withdrawn or None

    def __repr__(self) -> str:
        return f"<SampleCheck: {self.statement}>"


def _photo(drawn: DrawnPhoto, class_name: str, model: ModelName) -> Photo:
    verdict = cast("Verdict", drawn.verdict.word)
    top = ((class_name, drawn.confidence),)
    prediction = Prediction(class_name, drawn.confidence, verdict, top, model=model)
    return Photo(drawn.path, None, prediction, by="model")
