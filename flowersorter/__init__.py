"""FlowerSorter: suggests classes for photos with a frozen ResNet, learns from labels, sorts photos into class folders.

From Python: `Collection` and `predict_image`; see `flowersorter.api`. They are imported when they are first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "ChangedFile",
    "Collection",
    "LabelledGroup",
    "ModelInfo",
    "Photo",
    "PhotoGroup",
    "Prediction",
    "Progress",
    "SortReport",
    "SortedPhoto",
    "Training",
    "VerifyReport",
    "predict_image",
]

if TYPE_CHECKING:
    from flowersorter.api.answers import (
        ChangedFile,
        LabelledGroup,
        ModelInfo,
        Photo,
        PhotoGroup,
        Prediction,
        SortedPhoto,
        SortReport,
        Training,
        VerifyReport,
    )
    from flowersorter.api.collection import Collection, predict_image
    from flowersorter.jobs import Progress
else:

    def __getattr__(name: str) -> object:
        """Import a public name from the module that defines it (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from flowersorter import jobs
        from flowersorter.api import answers, collection

        module = jobs if name == "Progress" else collection if hasattr(collection, name) else answers
        return getattr(module, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
