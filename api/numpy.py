"""`import weft.numpy as wnp`: the module that `from weft import numpy` gives."""

import sys

from .frontends.python import numpy
from .frontends.python.numpy import *

sys.modules |= {__name__: numpy, f"{__name__}.fft": numpy.fft, f"{__name__}.linalg": numpy.linalg}
