"""Shows labels in the grid: what was just said at once, what the library answers unless something newer was said."""

from __future__ import annotations

from collections import Counter

from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.workflows.labelling.pending_labels import LabelNews


class LabelView:
    """Keeps apart what the library was told last and what it has answered so far. Lives in the GUI thread.

    An answer about a photo of which something else was said meanwhile is out of date: it is not shown, the answer to
    the last thing said is.
    """

    def __init__(self, photos: PhotoModel) -> None:
        self._photos = photos
        self._asked: Counter[tuple[str, int]] = Counter()  # photos and places the library has not answered about yet

    def shown_of(self, news: LabelNews) -> LabelNews:
        """The labels that are shown now of what some news are about."""
        return self._photos.columns.labels_shown(news.labels, news.pending)

    def show_at_once(self, news: LabelNews) -> None:
        """Show labels that the library is about to be told of; `answer` has to follow."""
        self._asked.update(_keys(news))
        self._photos.show_labels(news)

    def answer(self, asked: LabelNews, news: LabelNews) -> None:
        """Show what came of labels that were shown at once.

        Args:
            asked: What was shown.
            news: What the library says.
        """
        self._asked -= Counter(_keys(asked))
        self.show(news)

    def show(self, news: LabelNews) -> None:
        """Show what the library says, as far as it is not out of date."""
        columns = self._photos.columns
        columns.set_photos(news.read)  # first: what is shown at these places counts for their photos from now on
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
