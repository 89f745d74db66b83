"""`import weft.random`: the module of that name of the Python frontend."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frontends.python.random import *
else:
    from .frontends.python import random

    sys.modules[__name__] = random
