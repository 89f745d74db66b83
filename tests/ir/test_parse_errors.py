"""What the parser says of text it cannot read, and that no text makes it crash, hang or take memory."""

import random
import re
from contextlib import suppress
from pathlib import Path

import pytest
from weft.compiler.ir.compare import difference
from weft.compiler.ir.text import parse, to_text
from weft.proto.errors import WeftError

GOLDENS = Path(__file__).parent.parent / "golden"


def body(*lines: str, result: str = "tensor<4xf32>") -> str:
    return "\n".join([f"func.func @main(%x: tensor<4xf32>) -> {result} {{", *(f"  {line}" for line in lines), "}"])


def errors(text: str) -> WeftError:
    with pytest.raises(WeftError) as e:
        parse(text, "model.mlir")
    return e.value


def test_an_error_shows_the_place() -> None:
    e = errors(body("%0 = stablehlo.tanh %y : tensor<4xf32>", "return %0 : tensor<4xf32>"))
    assert str(e) == (
        "error[mlir.undefined]: `%y` is not defined here\n"
        "  --> model.mlir:2:23\n"
        "   |   %0 = stablehlo.tanh %y : tensor<4xf32>\n"
        "   |                       ^"
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("%0 = stablehlo.tanh %x : tensor<4x!quant.calibrated<f32<-1.0:1.0>>>", "mlir.quantized"),
        ("%0 = stablehlo.tanh %x : tensor<*xf32>", "mlir.type"),
        ("%0 = stablehlo.tanh %x : tensor<4xi3>", "mlir.type"),
        ("%0 = stablehlo.tanh %x : f32", "mlir.type"),
        ("%0 = stablehlo.tanh %x : tensor<5xf32>", "mlir.type"),
        ("%0 = stablehlo.tanh %x#1 : tensor<4xf32>", "mlir.undefined"),
        ("%0:2 = stablehlo.tanh %x : tensor<4xf32>", "mlir.syntax"),
        ("%x = stablehlo.tanh %x : tensor<4xf32>", "mlir.redefinition"),
        ("%0 = stablehlo.gather %x, %x : tensor<4xf32>", "mlir.syntax"),
        ('%0 = "stablehlo.tanh"(%x) <{a = #missing}> : (tensor<4xf32>) -> tensor<4xf32>', "mlir.attribute"),
        ('%0 = "stablehlo.tanh"(%x) <{a = 1}> : (tensor<4xf32>) -> tensor<4xf32>', "tanh.attributes"),
        ('%0 = "stablehlo.transpose"(%x) <{permutation = "yes"}> : (tensor<4xf32>) -> tensor<4xf32>', "transpose.attributes"),
        ("%0 = stablehlo.tanh %x : tensor<4xf32> loc(#loc3)", "mlir.location"),
        ("cf.br ^bb1", "op.unknown"),
    ],
)
def test_codes(line: str, code: str) -> None:
    assert errors(body(line, "return %x : tensor<4xf32>")).code == code


def test_every_unknown_op_is_listed() -> None:
    e = errors(
        body(
            "%0 = stablehlo.tanh %x : tensor<4xf32>",
            "%1 = chlo.bessel_k0 %0 : tensor<4xf32> -> tensor<4xf32>",
            '%2 = "tosa.abs"(%1) : (tensor<4xf32>) -> tensor<4xf32>',
            '%3 = "tosa.abs"(%2) : (tensor<4xf32>) -> tensor<4xf32>',
            "return %3 : tensor<4xf32>",
        )
    )
    assert [(d.code, d.loc.line) for d in e.diagnostics] == [("op.unknown", 3), ("op.unknown", 4)]
    assert "used 2 times" in e.diagnostics[1].message


def test_every_broken_constraint_is_listed() -> None:
    e = errors(
        body(
            "%0 = stablehlo.transpose %x, dims = [1] : (tensor<4xf32>) -> tensor<4xf32>",
            "%1 = stablehlo.reverse %0, dims = [2] : tensor<4xf32>",
            "return %1 : tensor<4xf32>",
        )
    )
    assert [d.code for d in e.diagnostics] == ["transpose.C2", "reverse.C3"]


@pytest.mark.parametrize(
    "text",
    [
        "module attributes {a = " + "[" * 100_000,
        "func.func @main(%a: tensor<i1>) {" + '"stablehlo.if"(%a) ({' * 10_000,
        'module attributes {a = "' + "\\" * 1_000_000,
        "".join(f"#a{i} = [#a{i + 1}, #a{i + 1}]\n" for i in range(60)) + "#a60 = 1\nmodule attributes {x = #a0} {}",
        "".join(f"!t{i} = tuple<!t{i + 1}, !t{i + 1}>\n" for i in range(30)) + "!t30 = tensor<f32>\nfunc.func @main(%a: !t0) { return }",
        "".join(f"#loc{i} = loc(#loc{i + 1})\n" for i in range(10_000)) + "module {} loc(#loc0)",
        "#loc = loc(#loc)\nmodule {} loc(#loc)",
        "func.func @main(%a: tensor<" + "1x" * 100_000 + "f32>) { return }",
        "func.func @main(%a: tensor<" + "1" * 100_000 + "xf32>) { return }",
        'func.func @main(%a: tensor<?xf32, #weft.dims<"' + "floordiv(" * 1000 + '">>) { return }',
        "func.func @main() { %0 = stablehlo.constant dense<" + "[" * 100_000,
        "func.func @main() { %0 = stablehlo.constant dense<[1.0, 2.0]> : tensor<9223372036854775807xf32>",
        "func.func @main() { %0 = stablehlo.constant dense<0.0> : tensor<9223372036854775807x9223372036854775807xf32>",
        'func.func @main() { %0 = stablehlo.constant dense<"0x00"> : tensor<9223372036854775807xf32>',
        'module {}\n{-#\n dialect_resources: { builtin: { a: "0x' + "0" * 100_000,
        "func.func @main() { %0:99999999999 = stablehlo.tanh %a",
        "module {",
        "{-#",
        "\x00",
    ],
    ids=lambda text: text[:24],
)
def test_hostile_text(text: str) -> None:
    errors(text)


def test_damaged_text() -> None:
    """Every golden with a token cut out, doubled or replaced is refused, or read and a round trip; never a crash."""
    rng = random.Random(0)
    sources = [case.split("// =>\n")[0] for path in sorted(GOLDENS.rglob("*.mlir")) for case in path.read_text().split("// -----\n")]
    token = re.compile(r'[\w.]+|"[^"\n]*"|%[\w$.]+|->|[^\s\w]')
    for source in sources:
        spans = [m.span() for m in token.finditer(source)]
        for _ in range(3):
            module, texts = None, ("", "")
            (start, end), (a, b) = rng.choice(spans), rng.choice(spans)
            damaged = source[:start] + rng.choice(["", source[start:end] * 2, source[a:b], "-1", "[]", "tensor<0xi1>"]) + source[end:]
            with suppress(WeftError):
                module = parse(damaged)
                texts = (to_text(module), to_text(module, generic=True))
            if module:
                assert all(difference(module, parse(text)) == "" for text in texts)
