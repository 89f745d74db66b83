"""`ImageDecoder`."""

from ....compiler.ir.graph import Value
from .. import host
from ..node import NodeView
from ..registry import handles


@handles("ImageDecoder", since=20)
def image_decoder(node: NodeView, encoded: Value) -> Value:
    """The pixels [height, width, channels] of the bytes of an image file."""
    pixels = node.string("pixel_format", "RGB")
    node.check(pixels in ("RGB", "BGR", "Grayscale"), "attribute", f"`pixel_format` is {pixels!r}")
    node.check_rank(encoded, 1)
    return host.call1("image_decode", encoded, pixels=pixels)
