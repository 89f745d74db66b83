"""`weft.numpy.linalg`: the array API's extension for linear algebra, and what NumPy has beside it; matrices are the last two dims."""

from .linear import *  # noqa: F403
from .matrices import *  # noqa: F403
from .systems import *  # noqa: F403
