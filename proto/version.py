"""The version of weft."""


def weft_version() -> str:
    """The version of the installed package; `unknown` when run from a folder that was never installed."""
    from importlib.metadata import PackageNotFoundError, version  # takes as long as all of protobuf, and few ask

    try:
        return version("weft")
    except PackageNotFoundError:
        return "unknown"
