"""The part of a script's collection that stores answers about photos other than their class."""

from __future__ import annotations

from flowersorter.api.open_collection import OpenCollection
from flowersorter.api.paths import AnyPath, given_path
from flowersorter.domain.photo_answers import Mark


class AnswerCollection(OpenCollection):
    """Stores answers about photos other than their class, and removes answers."""

    def reject(self, path: AnyPath, class_name: str) -> str:
        """Store that a photo does not show a class: it is never suggested for the photo again.

        A label of this class is removed.

        Args:
            path: The photo; one that is new to the collection is read first.
            class_name: A class of the collection or its model.

        Returns:
            The name of the class, as the collection spells it.

        Raises:
            PhotoUnreadable: the path is missing or not a photo.
            ClassRefused: there is no class of that name.
        """
        from flowersorter.workflows.labelling.label_photo import AnswerPhotoRequest, answer_photo

        return self._run(answer_photo, AnswerPhotoRequest(given_path(path), class_name, device=self._device))

    def mark_not_mine(self, path: AnyPath) -> None:
        """Store that a photo shows none of the classes: `sort` leaves it, and photos like it become unknown sooner.

        Its label is removed.

        Raises:
            PhotoUnreadable: the path is missing or not a photo.
        """
        self._mark(path, Mark.NOT_MINE)

    def mark_dont_know(self, path: AnyPath) -> None:
        """Store that the person cannot tell the class of a photo, so that it is not asked about again.

        Its label is removed.

        Raises:
            PhotoUnreadable: the path is missing or not a photo.
        """
        self._mark(path, Mark.DONT_KNOW)

    def forget_answers(self, path: AnyPath) -> bool:
        """Remove the label of a photo and all other answers about it.

        Returns:
            Whether there was any.

        Raises:
            PhotoUnreadable: the path is missing or not a file.
        """
        from flowersorter.workflows.labelling.label_photo import remove_label

        return remove_label(self._library, given_path(path))

    def _mark(self, path: AnyPath, mark: Mark) -> None:
        from flowersorter.workflows.labelling.label_photo import AnswerPhotoRequest, answer_photo

        self._run(answer_photo, AnswerPhotoRequest(given_path(path), None, mark, self._device))
