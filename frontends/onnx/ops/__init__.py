"""Importers of ONNX operators by family; importing this package fills the registry."""

from . import logic as logic
from . import math as math
from . import ml as ml
from . import nn as nn
from . import reduction as reduction
from . import shape as shape
