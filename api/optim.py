"""`import weft.optim`: the module of that name of the Python frontend."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frontends.python.optim import *
else:
    from .frontends.python import optim

    sys.modules[__name__] = optim
