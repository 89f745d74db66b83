"""Where in the user's code something is written."""

import inspect
import os

from ...proto.errors import UNKNOWN, Loc

_OWN = (os.path.dirname(os.path.abspath(__file__)) + os.sep,)


def user_loc() -> Loc:
    """The file and line of the innermost frame that is not this package's."""
    frame = inspect.currentframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_OWN) and "functools" not in file:
            return Loc(file, "", frame.f_lineno)
        frame = frame.f_back
    return UNKNOWN
