"""The part of a script's collection that groups photos that look alike, and labels a group at once."""

from __future__ import annotations

from collections.abc import Iterable

from flowersorter.api.answers import LabelledGroup, PhotoGroup, groups_of
from flowersorter.api.open_collection import OpenCollection
from flowersorter.api.paths import AnyPath, given_path, whole_number


class GroupedCollection(OpenCollection):
    """Groups photos that look alike, suggests groups to label next, and labels groups."""

    def groups(self, folder: AnyPath) -> list[PhotoGroup]:
        """Group the photos of a folder that look alike and have no label. Predicts new photos first.

        Returns:
            The groups, those whose name would help most first. A photo that looks like no other is a group of its own.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            WeightsMissing: the network's weights are not on this computer.
        """
        return self._groups(folder, None)

    def next(self, folder: AnyPath, n: int = 10) -> list[PhotoGroup]:
        """Suggest groups to label next: the first `n` of the `groups` of a folder.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            UserError: `n` is less than 1.
            WeightsMissing: the network's weights are not on this computer.
        """
        return self._groups(folder, whole_number(n, "n", 1))

    def label_group(
        self, group: PhotoGroup | Iterable[AnyPath], class_name: str, *, without: Iterable[AnyPath] = ()
    ) -> LabelledGroup:
        """Set the class of all photos of a group. The labels are stored when this returns.

        Args:
            group: A group, or the paths of photos.
            class_name: Their class, created if the collection has none of that name.
            without: Photos of the group that are of another class; they get no label.

        Raises:
            PhotoUnreadable: none of the photos can be read any more.
            ClassRefused: the class name cannot be used.
        """
        from flowersorter.workflows.labelling.groups import LabelGroupRequest, label_group

        odd = {given_path(path).absolute() for path in without}
        paths = group.photos if isinstance(group, PhotoGroup) else map(given_path, group)
        named = tuple(path for path in paths if path.absolute() not in odd)
        done = self._run(label_group, LabelGroupRequest(named, class_name, self._device))
        return LabelledGroup(done.class_name, done.labelled, done.unreadable)

    def _groups(self, folder: AnyPath, count: int | None) -> list[PhotoGroup]:
        from flowersorter.photos.scan import absolute_folder
        from flowersorter.workflows.labelling.groups import GroupsRequest, find_groups
        from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
        from flowersorter.workflows.predicting.settled_labels import predict_settled

        root = absolute_folder(given_path(folder))
        self._left_out = self._run(predict_settled, PredictFolderRequest(root, self._device)).skipped
        return groups_of(self._engine, self._run(find_groups, GroupsRequest(root, count)))
