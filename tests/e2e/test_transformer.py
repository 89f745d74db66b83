"""Networks as torch exports them (tests/models/export_transformer.py): fixed sizes, open batch and sequence, both of its exporters."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from weft.frontends.load import load

from .runners import Arrays, Compiled, assert_close, interpreted, onnx_runtime

FOLDER = Path(__file__).parent.parent / "data" / "torch"
FILES = sorted(FOLDER.glob("*.onnx"))
OPEN = [path for path in FILES if not path.stem.endswith("_static")]
_SIZES = [(1, 2), (1, 17), (3, 9), (5, 32)]


def example_of(path: Path) -> tuple[Arrays, Arrays]:
    """The example inputs of a network, and what torch computes from them."""
    with np.load(path.parent / f"{path.stem.split('_')[0]}.npz") as arrays:
        feeds = {n: arrays[n] for n in arrays.files if not n.startswith("=")}
        return feeds, {n[1:]: arrays[n] for n in arrays.files if n.startswith("=")}


def resized(feeds: Arrays, batch: int, length: int, seed: int) -> Arrays:
    """Inputs like `feeds` with another batch and, where they are sequences, another length."""
    rng = np.random.default_rng(seed)
    made: Arrays = {}
    for name, array in feeds.items():
        shape = (batch, length) if array.dtype == np.int64 else (batch, *array.shape[1:])
        match name:
            case "mask":  # some of every row, from its start
                made[name] = (np.arange(length) < rng.integers(1, length + 1, (batch, 1))).astype(np.int64)
            case _ if array.dtype == np.int64:
                made[name] = rng.integers(0, array.max() + 1, shape)
            case _:
                made[name] = rng.standard_normal(shape, np.float32)
    return made


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_example(path: Path) -> None:
    feeds, wanted = example_of(path)
    module = load(path)
    assert_close(interpreted(module, feeds), wanted)
    assert_close(Compiled(module)(feeds), wanted)


@pytest.mark.parametrize("path", OPEN, ids=lambda p: p.stem)
def test_one_program_at_many_sizes(path: Path) -> None:
    model, module = onnx.load(path), load(path)
    feeds, _ = example_of(path)
    compiled = Compiled(module)
    for seed, (batch, length) in enumerate(_SIZES):
        # torch's tracing exporter bakes the length into the reshapes of nn.MultiheadAttention: the importer finds that only 12 is possible.
        baked = path.stem == "encoder_dynamic"
        again = resized(feeds, batch, 12 if baked else length, seed)
        wanted = onnx_runtime(model, again)
        assert_close(interpreted(module, again), wanted)
        assert_close(compiled(again), wanted)
