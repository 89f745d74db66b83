"""What a program cannot know the symbols of is a compile error, not a program that does not load."""

import pytest
import weft
from weft.compiler.ir.text import parse
from weft.proto.errors import WeftError
from weft.vm import VM


@pytest.mark.parametrize(("dim", "missing"), [("N", ""), ("2*N + 1", ""), ("N*M", "M, N"), ("N + M", "M, N"), ("floordiv(N, 2)", "N")])
def test_symbols_that_no_input_determines(dim: str, missing: str) -> None:
    t = f'tensor<?xf32, #weft.dims<"{dim}">>'
    module = parse(f"func.func @main(%x: {t}) -> {t} {{ %0 = stablehlo.tanh %x : {t} return %0 : {t} }}")
    if not missing:
        assert VM(threads=1).load(weft.compile(module))["main"]
        return
    with pytest.raises(WeftError) as e:
        weft.compile(module)
    assert {d.code for d in e.value.diagnostics} == {"compile.symbol"}
    assert sorted(d.message.split("`")[-2] for d in e.value.diagnostics) == missing.split(", ")
