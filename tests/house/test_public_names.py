"""The public names of weft: a change here is a change of its interface."""

import ast
from pathlib import Path

import pytest
import weft

NAMES = [
    "GradientTape", "Isolation", "Limits", "Module", "Spec", "Target", "Tensor", "Variable", "WeftError", "__version__", "check",
    "checkpoint", "compile", "cond", "custom_vjp", "data", "device", "export", "fori_loop", "function", "grad", "jvp", "load",
    "load_state", "map", "nn", "numpy", "optim", "place", "pytree", "random", "retrained",
    "save", "save_state", "scan", "stop_gradient", "switch", "tensors", "trainable", "value_and_grad", "vjp", "vmap", "while_loop",
]  # fmt: skip
ROOT = Path(__file__).parents[2]


def test_the_public_names_are_these() -> None:
    assert sorted(weft.__all__) == NAMES
    assert set(NAMES) <= set(dir(weft))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_resolves(name: str) -> None:
    assert getattr(weft, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    """The imports under TYPE_CHECKING and the table for lazy import agree."""
    tree = ast.parse((ROOT / "api/__init__.py").read_text())
    (block,) = [n for n in tree.body if isinstance(n, ast.If)]
    imports = [n for n in block.body if isinstance(n, ast.ImportFrom)]
    shown = {a.asname: (f".{n.module}", a.name) for n in imports for a in n.names}
    homes = {name: (home.partition(":")[0], home.partition(":")[2] or name) for name, home in weft._HOMES.items()}
    modules = {name: (weft._PYTHON, name) for name in weft._MODULES}
    assert shown == homes | modules


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = weft.nonsense
