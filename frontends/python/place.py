"""Where in the user's code something is written."""

import inspect
import os

from ...proto.errors import UNKNOWN, Loc

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
_ROOT = os.path.dirname(os.path.dirname(_OWN[:-1]))
_PRODUCT = tuple(os.path.join(_ROOT, part) + os.sep for part in ("frontends", "compiler", "vm", "proto"))


def user_loc() -> Loc:
    """The file and line of the innermost frame that is not this package's."""
    frame = inspect.currentframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_OWN) and "functools" not in file:
            return Loc(file, "", frame.f_lineno)
        frame = frame.f_back
    return UNKNOWN


def raised_loc(error: BaseException) -> Loc:
    """The file and line of the innermost frame of the user's code that an error went through."""
    found = UNKNOWN
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(_PRODUCT):
            found = Loc(file, "", trace.tb_lineno)
        trace = trace.tb_next
    return found
