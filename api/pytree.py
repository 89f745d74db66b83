"""`import weft.pytree`: the module of that name of the Python frontend."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frontends.python.pytree import *
else:
    from .frontends.python import pytree

    sys.modules[__name__] = pytree
