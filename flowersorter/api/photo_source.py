"""Photos as a script gives them: paths, encoded photos, PIL images and arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar, Union

from flowersorter.api.paths import AnyPath, given_path
from flowersorter.errors import PhotoUnreadable, UserError
from flowersorter.messages import Text, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from flowersorter.photos.read import PhotoSource

#: A path, an encoded photo, a PIL image, or an (H, W, 3) uint8 array in sRGB.
AnyPhoto: TypeAlias = Union[AnyPath, bytes, "Image.Image", "NDArray[np.uint8]"]
Given = TypeVar("Given", bound=AnyPhoto)


def given_photo(photo: object) -> PhotoSource:
    """Convert the photo that a script gives.

    Raises:
        UserError: it is none of `AnyPhoto`, or an array of another shape or dtype.
    """
    import numpy as np
    from PIL import Image

    if isinstance(photo, bytes | Image.Image):
        return photo
    if isinstance(photo, np.ndarray):
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or not photo.size:
            raise _no_photo(text("An array of shape {shape} and {dtype}", shape=photo.shape, dtype=photo.dtype))
        return Image.fromarray(photo)
    if isinstance(photo, str | Path) or hasattr(photo, "__fspath__"):
        return given_path(photo)
    raise _no_photo(text("An object of type {type}", type=type(photo).__name__))


def unreadable(photo: PhotoSource, reason: str) -> PhotoUnreadable:
    """Make the error for a photo that cannot be read."""
    if isinstance(photo, Path):
        return PhotoUnreadable(text("The photo {photo} cannot be read", photo=photo), reason)
    return PhotoUnreadable(text("The photo cannot be read"), reason)


def _no_photo(given: Text) -> UserError:
    return UserError(
        text("{given} is not a photo", given=given),
        hint=text("Give a path, the bytes of a photo file, a PIL image, or an array (height, width, 3) of uint8"),
    )
