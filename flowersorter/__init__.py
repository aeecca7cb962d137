"""FlowerSorter: suggests classes for photos with a frozen ResNet, learns from labels, sorts photos into class folders.

From Python: `Collection` and `predict_image`; see `flowersorter.api`. They are imported when they are first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "ChangedFile",
    "ClassAccuracy",
    "Collection",
    "DoubtfulLabel",
    "EvaluationReport",
    "Expectation",
    "KeywordReport",
    "LabelErrorsReport",
    "LabelledGroup",
    "ModelInfo",
    "Photo",
    "PhotoGroup",
    "Prediction",
    "Progress",
    "ResumeReport",
    "SampleCheck",
    "Sort",
    "SortReport",
    "SortedPhoto",
    "Training",
    "VerifyReport",
    "predict_image",
]

if TYPE_CHECKING:
    from flowersorter.api.answers import Expectation, LabelledGroup, Photo, PhotoGroup, Prediction
    from flowersorter.api.collection import Collection, predict_image
    from flowersorter.api.evaluation_answers import ClassAccuracy, DoubtfulLabel, EvaluationReport, LabelErrorsReport
    from flowersorter.api.model_answers import ModelInfo, Training
    from flowersorter.api.sample_check import SampleCheck
    from flowersorter.api.sort_answers import (
        ChangedFile,
        KeywordReport,
        ResumeReport,
        Sort,
        SortedPhoto,
        SortReport,
        VerifyReport,
    )
    from flowersorter.jobs import Progress
else:

    def __getattr__(name: str) -> object:
        """Import a public name from the module that defines it (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from flowersorter import jobs
        from flowersorter.api import answers, collection, evaluation_answers, model_answers, sample_check, sort_answers

        modules = (collection, answers, evaluation_answers, model_answers, sample_check, sort_answers, jobs)
        return next(getattr(module, name) for module in modules if hasattr(module, name))

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
