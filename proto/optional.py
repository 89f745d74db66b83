"""Optional dependencies: imported when first needed, with an error that names the extra to install."""

from importlib import import_module
from types import ModuleType

from .errors import fail


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import `module`, which the extra `weft[extra]` installs; WeftError `dependency.<extra>` if it is not there."""
    try:
        return import_module(module)
    except ModuleNotFoundError as e:
        if e.name is None or e.name.partition(".")[0] != module.partition(".")[0]:
            raise  # it is there, but something that it needs is not
        why = f"{purpose} needs {module.partition('.')[0]}, which is not installed"
        raise fail(f"dependency.{extra}", why, help=f"pip install 'weft[{extra}]'") from e
