"""`import weft.nn`: the module of that name of the Python frontend."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frontends.python.nn import *
else:
    from .frontends.python import nn

    sys.modules[__name__] = nn
