"""The part of a script's collection that measures how good suggestions and labels are."""

from __future__ import annotations

from typing import Literal

from flowersorter.api.evaluation_answers import EvaluationReport, LabelErrorsReport
from flowersorter.api.open_collection import OpenCollection
from flowersorter.api.paths import AnyPath, chosen, given_path, whole_number
from flowersorter.api.sample_check import SampleCheck


class EvaluatedCollection(OpenCollection):
    """Measures the model, checks suggestions, and finds labels that are probably wrong."""

    def check(
        self, folder: AnyPath, *more: AnyPath, goal: int = 98, include: Literal["all", "likely", "sure"] = "all"
    ) -> SampleCheck:
        """Check how many suggestions of a folder are right, with as few answers as may be. Predicts new photos first.

        Goes on with the last check of the folder, unless its suggestions have changed since.

        Args:
            folder: A folder, or a single photo.
            more: Other folders and photos to check together with it.
            goal: The check is done when it is 95 % sure that at least this many of 100 suggestions are right, or that
                fewer are; 1 to 99.
            include: Which suggestions, as in `sort`; less certain ones too where there are none of these.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            TooFewPhotos: no photo without a label has a suggestion.
            UserError: the goal is not within its limits, or there is no such choice of suggestions.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.workflows.evaluation.check_sample import HIGHEST_GOAL, CheckSampleRequest, check_sample
        from flowersorter.workflows.filing.sort import Include

        roots = tuple(map(given_path, (folder, *more)))
        goal, included = whole_number(goal, "goal", 1, HIGHEST_GOAL), chosen(Include, include, "include")
        check = self._run(check_sample, CheckSampleRequest(roots, goal, included, self._device))
        return SampleCheck(lambda: self._engine, check)

    def evaluate(self, folder: AnyPath | None = None, *, flat: bool = False) -> EvaluationReport:
        """Measure how often the model is right.

        Args:
            folder: A folder with one sub-folder per class, whose photos the current model predicts; they become no
                labels. Of a data set only "val" and "test" are measured. None for the collection's own labels, each
                predicted by a model that never saw it.
            flat: Whether folders in class folders are parts of the same class.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            TooFewPhotos: there is nothing to measure with.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.api.evaluation_answers import evaluation_of
        from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate

        request = EvaluateRequest(None if folder is None else given_path(folder), self._device, flat=flat)
        return evaluation_of(self._run(evaluate, request))

    def label_errors(self) -> LabelErrorsReport:
        """Find the labels that are probably wrong, the worst first. Changes no label.

        Raises:
            TooFewPhotos: fewer than two classes have enough labelled photos, and no photo is in two class folders.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.api.evaluation_answers import label_errors_of
        from flowersorter.workflows.evaluation.label_errors import LabelErrorsRequest, find_label_errors

        result = self._run(find_label_errors, LabelErrorsRequest(device=self._device))
        return label_errors_of(self._engine, result)
