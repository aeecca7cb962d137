"""Shows labels in the grid: new ones at once, the library's answer unless a newer label was set meanwhile."""

from __future__ import annotations

from collections import Counter

from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.workflows.labelling.pending_labels import LabelNews


class LabelView:
    """Separates labels that are being written from those that are stored. Lives in the GUI thread.

    An answer is out of date if the photo was given a newer label meanwhile: only the answer to the newest one is shown.
    """

    def __init__(self, photos: PhotoModel) -> None:
        self._photos = photos
        self._asked: Counter[tuple[str, int]] = Counter()  # photos and places the library has not answered about yet

    def shown_of(self, news: LabelNews) -> LabelNews:
        """Return the labels shown now for the photos of a change."""
        return self._photos.columns.labels_shown(news.labels, news.pending)

    def show_at_once(self, news: LabelNews) -> None:
        """Show labels before they are written; `answer` must follow."""
        self._asked.update(_keys(news))
        self._photos.show_labels(news)

    def answer(self, asked: LabelNews, news: LabelNews) -> None:
        """Show the library's answer to labels that were shown at once.

        Args:
            asked: The labels shown.
            news: The stored labels.
        """
        self._asked -= Counter(_keys(asked))
        self.show(news)

    def forget_class(self, class_id: int) -> list[int]:
        """Suggest a class that is gone for no photo any more; return the ids of those that it was suggested for."""
        columns = self._photos.columns
        suggested = (columns.class_ids == class_id) | (columns.second_class_ids == class_id)
        suggested |= columns.provisional_ids == class_id
        found: list[int] = columns.photo_ids[suggested & (columns.photo_ids > 0)].tolist()
        self._photos.replace_classes([class_id], 0)
        return found

    def show(self, news: LabelNews) -> None:
        """Show the stored labels, unless a newer change is being written."""
        columns = self._photos.columns
        columns.set_photos(news.read)  # first: the labels shown at these places become those of their photos
        labels = {
            photo: news.labels[photo]
            for photo in columns.photos_shown_otherwise(news.labels)
            if ("photo", photo) not in self._asked
        }
        shown = columns.labels_shown((), news.pending)
        pending = {
            at: class_id
            for at, class_id in news.pending.items()
            if ("place", at) not in self._asked and shown.pending.get(at) != class_id
        }
        self._photos.show_labels(LabelNews(labels, pending))


def _keys(news: LabelNews) -> list[tuple[str, int]]:
    return [("photo", photo) for photo in news.labels] + [("place", at) for at in news.pending]
