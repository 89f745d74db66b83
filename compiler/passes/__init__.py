"""Passes over the graph. `PASSES` has them all by name; `compiler/pipeline.py` says in which order they run."""

from .base import PASSES as PASSES
from .base import Context as Context
from .base import Pass as Pass
from .canonicalize import canonicalize as canonicalize
from .contraction import canonicalize_contractions as canonicalize_contractions
from .cse import cse as cse
from .dce import dce as dce
from .dce import drop_private as drop_private
from .decompose import decompose as decompose
from .fold import fold_constants as fold_constants
from .fuse import fuse as fuse
from .inline import inline_calls as inline_calls
from .layout import block_layout as block_layout
from .outline import outline as outline
from .place import place as place
from .quantized import quantized_products as quantized_products
from .quantizedconv import quantized_convolutions as quantized_convolutions
from .reshapes import sink_reshapes as sink_reshapes
from .resolve import resolve_dims as resolve_dims
from .slicedproducts import sliced_products as sliced_products
from .split import split_reductions as split_reductions
from .tuples import flatten_tuples as flatten_tuples
from .winograd import use_winograd as use_winograd
