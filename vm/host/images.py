"""Host function on image files, which Pillow reads."""

import io

import numpy as np

from ...proto.dtypes import U8
from ...proto.optional import require
from ...proto.value_types import ArrayType
from .table import Attributes, host


def _pixels(attributes: Attributes, encoded: ArrayType) -> tuple[ArrayType, ...]:
    if encoded.dtype != U8 or len(encoded.shape) != 1:
        raise TypeError(f"it reads the bytes of a file, a vector of ui8, not {encoded}")
    return (ArrayType(U8, (None, None, 1 if attributes["pixels"] == "Grayscale" else 3)),)


@host("image_decode", 1, _pixels)
def image_decode(attributes: Attributes, encoded: np.ndarray) -> np.ndarray:
    """The pixels [height, width, channels] of an image file of any format that Pillow knows; `pixels` is RGB, BGR or Grayscale."""
    image = require("PIL.Image", "images", "decoding images")
    mode = "L" if attributes["pixels"] == "Grayscale" else "RGB"
    try:
        with image.open(io.BytesIO(encoded.tobytes())) as opened:
            pixels = np.array(opened.convert(mode))
    except (OSError, SyntaxError, image.DecompressionBombError) as error:
        raise ValueError(f"the image cannot be read: {error}") from error
    shaped = pixels[:, :, None] if mode == "L" else pixels
    return np.ascontiguousarray(shaped[:, :, ::-1]) if attributes["pixels"] == "BGR" else shaped
