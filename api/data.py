"""`import weft.data`: the module of that name of the Python frontend."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frontends.python.data import *
else:
    from .frontends.python import data

    sys.modules[__name__] = data
