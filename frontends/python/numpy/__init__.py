"""`weft.numpy`: NumPy's functions on tensors, after the Python array API standard 2024.12.

Every function builds graph out of ops; on tensors that hold their elements the graph is interpreted at once, inside `@weft.function` it
is compiled. Types are promoted by the standard's rules; Python numbers take the type of the tensor beside them. New floats are float32 and
new integers int64 unless a dtype is given.
"""

import math

from ..tensor import METHODS, Tensor
from . import fft as fft
from . import linalg as linalg
from .arithmetic import *  # noqa: F403
from .choosing import *  # noqa: F403
from .creation import *  # noqa: F403
from .dtypes import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .facts import *  # noqa: F403
from .grids import *  # noqa: F403
from .indexing import *  # noqa: F403
from .info import __array_namespace_info__ as __array_namespace_info__
from .linear import *  # noqa: F403
from .manipulation import *  # noqa: F403
from .pieces import *  # noqa: F403
from .products import *  # noqa: F403
from .reductions import *  # noqa: F403
from .searching import *  # noqa: F403
from .signals import *  # noqa: F403
from .sorting import *  # noqa: F403
from .statistics import *  # noqa: F403
from .updates import *  # noqa: F403

__array_api_version__ = "2024.12"

ndarray = Tensor
e, inf, nan, pi, newaxis = math.e, math.inf, math.nan, math.pi, None


def _namespace(api_version: str | None) -> object:
    import sys

    if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        raise ValueError(f"there is no version {api_version!r} of the array API here; the newest is 2024.12")
    return sys.modules[__name__]


METHODS.update({name: f for name, f in list(globals().items()) if callable(f) and not name.startswith("_") and f is not Tensor})
METHODS["namespace"] = _namespace
