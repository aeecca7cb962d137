"""An open collection with its caches in memory: built once, passed to every workflow."""

from __future__ import annotations

import copy
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.predicting.network_loader import OpenEmbedder, Opening, open_embedder

if TYPE_CHECKING:
    from typing import Self

    from flowersorter.domain.photo_values import PhotoValues
    from flowersorter.vision.backbone.registry import Backbone
    from flowersorter.vision.classifier.fit import Fitted
    from flowersorter.workflows.labelling.choose_groups import GroupedPhotos
    from flowersorter.workflows.models.current_model import NamedModel
    from flowersorter.workflows.models.finetuned_backbones import FinetunedBackbone
    from flowersorter.workflows.predicting.features.feature_cache import FeatureTable
    from flowersorter.workflows.predicting.folder_adaptation import AdaptedPhotos, FolderTerms
    from flowersorter.workflows.predicting.unknown_photos import ConnectedPhotos


class Engine:
    """One open collection with its caches; the first argument of every workflow.

    Each cache is written by one module, which is named below, and by `training.folder_estimates` once a refit is used.
    A cache holds data that can be read or computed again, so it does no harm if two threads fill it at the same time.
    `close` drops all of them. Only a refit that ends late could do harm: see `drop_refit`.

    Args:
        collection: Open; `close` closes it.
        open_network: Loads the network of a backbone; tests pass a stand-in.

    Attributes:
        collection: The library.
        open_network: Loads the network of a backbone.
        last_fit: The last fit, from which the next one starts: a kilobyte for each labelled photo
            (`training.incremental_fit`).
        unknown_photos: Probabilities of photos to be of none of the classes (`predicting.unknown_photos`).
        unknown_by_folder: 1 for photos whose folder alone says whether they are unknown (`predicting.unknown_photos`).
        connected_photos: Nearest neighbours in the folder that was predicted last (`predicting.unknown_photos`).
        look_alikes: Groups of the photos that were grouped last (`labelling.choose_groups`).
        sure_from: Confidences from which photos of folders that differ can be sure (`predicting.folder_accuracy`).
        folder_terms: Terms that folders add to the logits of their photos (`predicting.folder_adaptation`).
        adapted_photos: The photos of the folder that was adapted to last, with their neighbours
            (`predicting.folder_adaptation`).
        fit_in_use: The fit of the model in use; a measurement may have made another one since (`training.train`).
        refitted: The model in use, fitted again after the last action; used in its place until the exact fit
            (`training.incremental_fit`).
        refit_lock: Held while a refit is used or dropped.
        closing: Cancelled when the program ends, to stop work whose result is only shown.
        makes_classes: Whether predictions make the classes that the collection lacks of those of a model; else a photo
            that is predicted as such a class is unknown.
        exact_fits: Number of times that the stored model took the place of refits; one that began before is outdated.
        automatic_model: The model that was made last without Retrain since the collection was opened
            (`training.learn`).
        last_model: The model read last, because each block of photos asks for it (`models.current_model`).
        chosen_precision: The target precision of *sure*; None while it was not read yet
            (`models.sure_precision`).
        finetuned_backbones: The collection's own backbones that were read, by name (`models.finetuned_backbones`).
    """

    def __init__(self, collection: CollectionStore, open_network: OpenEmbedder = open_embedder) -> None:
        self.collection = collection
        self.open_network = open_network
        self._lock, self.refit_lock = threading.Lock(), threading.Lock()
        self.exact_fits, self.makes_classes = 0, True
        self.closing = CancelToken()
        self.refitted: NamedModel | None = None
        self._feature_tables: dict[str, FeatureTable] = {}
        self._drop_caches()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the caches and close the collection; no workflow may run any more."""
        self._drop_caches()
        self.collection.close()

    def apart(self, *, makes_classes: bool = True) -> Engine:
        """Make an engine of this collection for a model that may never be used: this one does not keep its estimates.

        It has the same features, and is not closed.
        """
        made = copy.copy(self)
        made.makes_classes = makes_classes
        return made

    def drop_refit(self) -> None:
        """Use the stored model from now on, and no refit that has begun before now.

        The estimates of the folder are kept for one model: a refit that ended late would replace those of the stored
        model.
        """
        with self.refit_lock:
            self.refitted, self.exact_fits = None, self.exact_fits + 1

    def features(self, backbone: str) -> FeatureTable:
        """The features of the collection's photos; the same table for every call with the same backbone.

        Raises:
            UserError: the cache on disk cannot be opened.
        """
        from flowersorter.workflows.predicting.features.feature_cache import FeatureTable

        with self._lock:
            table = self._feature_tables.get(backbone)
            if table is None:
                table = self._feature_tables[backbone] = FeatureTable.of(self.collection, backbone)
            return table

    def network(self, backbone: Backbone, device: str) -> Opening:
        """Start loading a backbone's network on "auto", "cpu" or "cuda", in a thread of its own."""
        return Opening(self.open_network, backbone, device)

    def _drop_caches(self) -> None:
        with self._lock:
            self._feature_tables.clear()
        self.last_fit: Fitted | None = None
        self.look_alikes: GroupedPhotos | None = None
        self.unknown_photos: PhotoValues | None = None
        self.unknown_by_folder: PhotoValues | None = None
        self.connected_photos: ConnectedPhotos | None = None
        self.sure_from: PhotoValues | None = None
        self.folder_terms: FolderTerms | None = None
        self.adapted_photos: AdaptedPhotos | None = None
        self.fit_in_use: Fitted | None = None
        self.refitted = None
        self.automatic_model: int | None = None
        self.last_model: NamedModel | None = None
        self.chosen_precision: float | None = None
        self.finetuned_backbones: dict[str, FinetunedBackbone] = {}
