"""The photos a head is trained on: the labelled ones, and those of the starter model where its classes are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import base_name, is_finetuned
from flowersorter.vision.classifier.training_state import AugmentedViews, Examples, near_duplicates
from flowersorter.vision.features.bursts import find_bursts
from flowersorter.vision.features.packed import Features, join, pack
from flowersorter.vision.features.views import VARIANTS, variant
from flowersorter.workflows.labelling.planned_labels import KnownClasses
from flowersorter.workflows.models.current_model import NamedModel, starter
from flowersorter.workflows.models.finetuned_backbones import seen_by
from flowersorter.workflows.predicting.predict_cached import cached_features

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Seed of the sample from which PCA axes are computed, and of the starter's photos beside new classes.
_SEED = 42
#: Labelled photos up to which a class is small. Variants measured, in points of accuracy: 0.5 more with 5 photos a
#: class, 0.5 with 10, 0.3 with 20, 0.1 with 50 (twenty draws of 1,500 flowers).
SMALL_CLASS = 20
_MOST_SHOWN_AGAIN = 500
#: Photos of a starter class used for each photo of a new class, on average, and at least. A head that sees 300 of one
#: class and a handful of another seldom suggests the other. Measured with 240 instead of 60 photos of each flower
#: beside a class of things with 1, 2, 4 and 8 labels, means of five draws: of held-out flowers 92.6 instead of 90.4 %
#: are right and 87 instead of 80 % sure; of the other things 53, 88, 93 and 97 % are right instead of 65, 93, 98 and
#: 99 %, and twice as many are likely of a wrong class; the fit takes two to three times as long.
_STARTERS_A_PHOTO, _FEWEST_STARTERS = 10, 60


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labelled photos with their features.

    Attributes:
        class_names: C names, in the order of the targets.
        photo_ids: (N,) int64, unique, in the order of the photos' hashes, so that the same photos give the same model
            in whatever order they were read. Ids of starter photos are negative and come last.
        features: Features of N photos, averaged over the cached views of each.
        targets: (N,) class indices.
        memorised: (N,) bool, whether the backbone itself was trained on the photo; None if it was on none.
        groups: (N,) number of each photo's group of near-duplicates; None to compute them from the features.
        bursts: (N,) number of each photo's burst; None if the times are not known.
        variants: Further augmented views of photos of small classes, as far as they are cached.
    """

    class_names: tuple[str, ...]
    photo_ids: NDArray[np.int64]
    features: Features
    targets: NDArray[np.intp]
    memorised: NDArray[np.bool_] | None = None
    groups: NDArray[np.intp] | None = None
    bursts: NDArray[np.intp] | None = None
    variants: AugmentedViews | None = None

    @property
    def own(self) -> NDArray[np.bool_]:
        """(N,) bool, whether each photo is the person's, not one of the starter model."""
        return self.photo_ids > 0

    @property
    def examples(self) -> Examples:
        """The input of the head's fit."""
        return Examples(
            self.photo_ids,
            self.features,
            self.targets,
            self.own,
            self.memorised,
            self.groups,
            self.bursts,
            self.variants,
        )


def labelled_photos(
    engine: Engine, backbone: str, classes: Mapping[int, int], known: KnownClasses | None = None
) -> TrainingSet:
    """Read the features of labelled photos from the cache; skip photos that are not embedded.

    A finetuned network gives all its training photos of a class nearly the same embedding. Near-duplicates are then
    found by the features of the backbone that it was made from, as far as these are cached.

    Args:
        engine: The collection with the embeddings and the class names.
        backbone: Name of the backbone.
        classes: Class id by photo id.
        known: The classes; None for those of the collection.
    """
    collection = engine.collection
    ids, hashes = collection.photos.by_hash(list(classes))
    features, positions = cached_features(engine, backbone, hashes)
    kept = ids[positions]
    class_ids = np.array([classes[photo_id] for photo_id in kept.tolist()], np.int64)
    used = set(class_ids.tolist())
    ordered = [c for c in (known or collection.classes).all() if c.id in used]
    index = {c.id: i for i, c in enumerate(ordered)}
    targets = np.array([index[class_id] for class_id in class_ids.tolist()], np.intp)
    memorised = groups = None
    if is_finetuned(backbone):
        kept_hashes = [hashes[at] for at in positions.tolist()]
        seen = seen_by(engine, backbone)
        memorised = np.array([sha256 in seen for sha256 in kept_hashes], np.bool_)
        groups = _near_copies(engine, base_name(backbone), kept_hashes, targets)
    return TrainingSet(
        class_names=tuple(c.name for c in ordered),
        photo_ids=kept,
        features=features,
        targets=targets,
        memorised=memorised,
        groups=groups,
        bursts=find_bursts(features, targets, *collection.photos.moments(kept)),
        variants=_variants(collection, backbone, [hashes[at] for at in positions.tolist()], targets),
    )


def of_small_classes(targets: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return (M,) rows of the photos whose augmented views are used: those of small classes, some hundreds at most.

    Args:
        targets: (N,) class indices, in the order of the photos' hashes.
    """
    counts = np.bincount(targets, minlength=1)
    return np.flatnonzero(counts[targets] <= SMALL_CLASS)[:_MOST_SHOWN_AGAIN]


def _variants(
    collection: CollectionStore, backbone: str, hashes: Sequence[bytes], targets: NDArray[np.intp]
) -> AugmentedViews | None:
    """Read the augmented views from the cache; none for a finetuned network, which was trained on such views."""
    rows = np.empty(0, np.intp) if is_finetuned(backbone) else of_small_classes(targets)
    store, wanted = collection.embeddings(backbone), [hashes[row] for row in rows.tolist()]
    found = [store.get(wanted, variant(number)) for number in range(1, VARIANTS + 1)] if wanted else []
    shown = np.concatenate([rows[positions] for _, positions in found]) if found else rows
    if not len(shown):
        return None
    return AugmentedViews(join([pack(embeddings) for embeddings, positions in found if len(positions)]), shown)


def _near_copies(engine: Engine, backbone: str, hashes: Sequence[bytes], targets: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return (N,) groups of near-duplicates, by the features of a backbone that was not trained on these photos.

    A photo without an embedding of it forms a group of its own.
    """
    groups = np.arange(len(hashes))
    features, positions = cached_features(engine, backbone, hashes)
    if len(positions):
        groups[positions] = positions[near_duplicates(features, targets[positions], _SEED, CancelToken())]
    return groups


def belongs_with_starter(named: NamedModel | None) -> bool:
    """Whether the training set includes the starter model's photos: while the collection's model was fitted with them.

    The starter's classes stay beside the person's until the person deletes them. A folder of class folders drops the
    starter's, unless it is added to the collection's labels.
    """
    if named is None or not (named.id is None or named.model.training.built_on_starter):
        return False
    return named.model.backbone == starter().model.backbone  # an imported file may contain any claim


def starter_names(known: KnownClasses) -> dict[str, str]:
    """Return the current name of each of the starter's classes that the person did not delete."""
    shown = {name: name for name in known.without_deleted(starter().model.class_names)}
    return shown | {name: entry.name for name in shown if (entry := known.find(name)) is not None}


def beside_new_classes(
    collection: CollectionStore, photos: TrainingSet, known: KnownClasses | None = None
) -> tuple[str, ...]:
    """List the starter's classes without a label in a training set, if others have some."""
    labelled = {photos.class_names[target] for target in np.unique(photos.targets[photos.own]).tolist()}
    shown = set(starter_names(known or collection.classes).values())
    return tuple(name for name in photos.class_names if name in shown - labelled) if labelled - shown else ()


def with_starter(
    collection: CollectionStore, own: TrainingSet, known: KnownClasses | None = None, *, background: bool = False
) -> TrainingSet:
    """Add the starter model's photos to the person's, under the current names of its classes.

    Beside new classes of few photos only some of them are used, see `_STARTERS_A_PHOTO`.

    Args:
        collection: The collection with the classes.
        own: The person's photos.
        known: The classes; None for those of the collection.
        background: Whether to use the photos of deleted classes too where a single class is left, which no head could
            be fitted to: photos that look like them are unknown.
    """
    base, known = starter(), known or collection.classes
    shown = starter_names(known)
    if background and len({*own.class_names, *shown.values()}) == 1:
        shown |= {name: name for name in base.model.class_names if name not in shown}
    # Always in the collection's order, whichever of them the person has used: a fit starts from the last one of the
    # same classes.
    order = {entry.name: number for number, entry in enumerate(known.all())}
    names = sorted({*own.class_names, *shown.values()}, key=lambda name: (order.get(name, len(order)), name))
    number_of = {name: number for number, name in enumerate(names)}
    own_targets = np.array([number_of[name] for name in own.class_names], np.intp)[own.targets]
    # Classes that the person deleted are left out.
    meant = np.array([number_of.get(shown.get(name, ""), -1) for name in base.model.class_names], np.intp)[base.targets]
    new = own.targets[np.isin(own.class_names, list(shown.values()), invert=True)[own.targets]]
    kept = np.flatnonzero((meant >= 0) & (_number_in_class(base.targets) < _most_starters(new)))
    starters = base.features if len(kept) == len(meant) else base.features.take(kept)
    return TrainingSet(
        class_names=tuple(names),
        photo_ids=np.concatenate([own.photo_ids, -1 - kept.astype(np.int64)]),
        features=join([own.features, starters] if len(own.photo_ids) else [starters]),  # an empty cache has no width
        targets=np.concatenate([own_targets, meant[kept]]),
        variants=own.variants,
        bursts=_none_more(own.bursts, len(kept)),
    )


def with_starter_of(
    named: NamedModel | None, collection: CollectionStore, own: TrainingSet, *, background: bool = False
) -> TrainingSet:
    """Add the starter model's photos to the person's while they belong to the training set of a model.

    `background` as in `with_starter`.
    """
    return with_starter(collection, own, background=background) if belongs_with_starter(named) else own


def is_background(names: Sequence[str], class_ids: Sequence[int]) -> bool:
    """Whether a model has a single class of the collection, beside deleted ones of the starter that it was fitted with.

    Args:
        names: C class names of the model.
        class_ids: C ids of these classes; 0 for deleted ones.
    """
    gone = {name for name, class_id in zip(names, class_ids, strict=True) if not class_id}
    return bool(gone) and len(names) - len(gone) == 1 and gone <= set(starter().model.class_names)


def _most_starters(new: NDArray[np.intp]) -> int:
    """How many photos of each of the starter's classes are used beside labelled photos of these other classes."""
    if not len(new):
        return len(starter().targets)
    return max(_FEWEST_STARTERS, _STARTERS_A_PHOTO * len(new) // len(np.unique(new)))


def _number_in_class(targets: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N,) number of each photo among those of its class, from 0, in a fixed random order."""
    order = np.random.default_rng(_SEED).permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    counts = np.bincount(targets)
    numbers = np.empty(len(targets), np.intp)
    numbers[order] = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
    return numbers


def _none_more(bursts: NDArray[np.intp] | None, others: int) -> NDArray[np.intp] | None:
    """Append bursts of one photo each for the starter model's photos."""
    return None if bursts is None else np.append(bursts, bursts.max(initial=-1) + 1 + np.arange(others))
