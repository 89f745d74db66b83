"""`python -m tests.models FOLDER [NAME…]`: write networks with random weights as .onnx files; all of them if none is named."""

import argparse
from pathlib import Path

import onnx

from .networks import NETWORKS


def main() -> None:
    """Write the files and print their paths."""
    parser = argparse.ArgumentParser(prog="python -m tests.models", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in NETWORKS]
    if unknown:
        parser.error(f"no network is called {', '.join(unknown)}; there are {', '.join(NETWORKS)}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or NETWORKS:
        path = arguments.folder / f"{name}.onnx"
        onnx.save(NETWORKS[name](), path)
        print(path)


if __name__ == "__main__":
    main()
