"""The part of a script's collection that predicts photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args, overload

from flowersorter.api.answers import Expectation, Photo, Prediction, expectation_of, photos_of, prediction_of
from flowersorter.api.open_collection import OpenCollection
from flowersorter.api.paths import AnyPath, given_path, require_one_of, whole_number
from flowersorter.api.photo_source import AnyPhoto, Given, given_photo, unreadable

RowOrder: TypeAlias = Literal["name", "date"]


def _pairs(path_map: Mapping[AnyPath, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple((str(given_path(here)), there) for here, there in (path_map or {}).items())


class PredictedCollection(OpenCollection):
    """Predicts folders, and single photos from files or memory."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """Number of files and folders that the last `predict` or `sort` left out, by kind, such as {"hidden": 2}."""
        return dict(self._left_out)

    @property
    def expectation(self) -> Expectation | None:
        """The accuracy to expect on the folder of the last `predict` or `sort`; None with too few photos."""
        return self._expectation

    def set_scan_options(
        self, folder: AnyPath, *, exclude: Sequence[str] = (), recursive: bool = True, follow_links: bool = False
    ) -> None:
        """Choose the files that a scan of a folder leaves out; stored, and shared with the window and the terminal.

        Args:
            folder: As passed to `predict` and `sort`.
            exclude: Patterns of names ("raw", "*.tif") or of paths from the folder ("day/raw", "**/old").
            recursive: Whether to scan sub-folders.
            follow_links: Whether to follow links that lead out of the folder.
        """
        from flowersorter.photos.scan import absolute_folder
        from flowersorter.photos.scanning.scan_options import ScanOptions
        from flowersorter.workflows.predicting.scan_scope import remember_scan_options

        options = ScanOptions(tuple(exclude), recursive, follow_links)
        remember_scan_options(self._library, absolute_folder(given_path(folder)), options)

    def predict(
        self,
        folder: AnyPath,
        *more: AnyPath,
        order: RowOrder = "name",
        name: str = "",
        workers: int | None = None,
        cluster: str | None = None,
        path_map: Mapping[AnyPath, str] | None = None,
    ) -> list[Photo]:
        """Predict the class of every photo in a folder and its sub-folders. Changes no photo.

        A photo is read and embedded once: a second call for the same folder is fast.

        Args:
            folder: A folder, or a single photo.
            more: Other folders and photos to predict together with it.
            order: By "name", or by the "date" taken, with the photos without one last.
            name: Return only files with this in their name, whatever its case.
            workers: Number of processes of this computer that read the new photos; needs ``flowersorter[cluster]``.
            cluster: Address of a Dask scheduler whose workers read them, such as "tls://10.0.0.5:8786". Workers that do
                not fit are logged with the reason, and read nothing.
            path_map: How those workers see folders of this computer: {"/mnt/photos": "//nas/photos"}.

        Returns:
            One `Photo` for each file with a photo's suffix, in natural order of the paths ("IMG_2" before "IMG_10").

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            UserError: there is no such order.
            WeightsMissing: the network's weights are not on this computer.
            WorkersUnavailable: no worker can be used; photos read until then are stored.
        """
        from flowersorter.workflows.cluster.options import chosen_workers
        from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
        from flowersorter.workflows.predicting.select_rows import select_rows
        from flowersorter.workflows.predicting.settled_labels import predict_settled

        require_one_of(get_args(RowOrder), order, "order")
        if workers is not None:
            workers = whole_number(workers, "workers", 1)
        chosen = chosen_workers(workers, cluster, _pairs(path_map))
        request = PredictFolderRequest(tuple(map(given_path, (folder, *more))), self._device, workers=chosen)
        result = self._run(predict_settled, request)
        self._left_out, self._expectation = result.skipped, expectation_of(result)
        return photos_of(self._engine, select_rows(self._library, result, order, name))

    @overload
    def predict_image(self, photo: list[Given]) -> list[Prediction]: ...

    @overload
    def predict_image(self, photo: AnyPhoto) -> Prediction: ...

    def predict_image(self, photo: object) -> Prediction | list[Prediction]:
        """Predict the class of one photo, or of a list of photos, without adding them to the collection.

        Several threads may call it at the same time.

        Args:
            photo: A path, the bytes of a photo file, a PIL image, an (H, W, 3) uint8 array in sRGB, or a list of them.

        Returns:
            The prediction; for a list a list in the same order, in which a photo that cannot be read has an `error`.

        Raises:
            PhotoUnreadable: the one photo is missing or not a photo.
            TooFewPhotos: this collection has no model yet for the network it uses.
            UserError: it is none of these types, or an array of another shape.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.workflows.models.current_model import chosen_backbone, model_for
        from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos

        sources = tuple(map(given_photo, photo if isinstance(photo, list) else [photo]))
        found = self._run(predict_photos, PredictRequest(sources, self._device))
        named = model_for(self._engine, chosen_backbone(self._library))
        predictions = [prediction_of(each, named) for each in found]
        if isinstance(photo, list):
            return predictions
        [prediction] = predictions
        if prediction.error is not None:
            raise unreadable(sources[0], prediction.error)
        return prediction
