"""The version of weft."""

from importlib.metadata import PackageNotFoundError, version


def weft_version() -> str:
    """The version of the installed package; `unknown` when run from a folder that was never installed."""
    try:
        return version("weft")
    except PackageNotFoundError:
        return "unknown"
