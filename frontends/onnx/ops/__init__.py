"""Importers of ONNX operators by family; importing this package fills the registry."""

from . import control as control
from . import conversion as conversion
from . import einsum as einsum
from . import indexing as indexing
from . import labels as labels
from . import logic as logic
from . import maps as maps
from . import math as math
from . import ml as ml
from . import ml_linear as ml_linear
from . import ml_svm as ml_svm
from . import ml_trees as ml_trees
from . import ngrams as ngrams
from . import nn as nn
from . import optionals as optionals
from . import pooling as pooling
from . import quantize as quantize
from . import recurrent as recurrent
from . import reduction as reduction
from . import resize as resize
from . import sampling as sampling
from . import sequences as sequences
from . import shape as shape
from . import signal as signal
from . import slicing as slicing
from . import strings as strings
