"""Calls of constant, iota, convert, broadcast_in_dim, reshape, transpose, concatenate, reverse and get_dimension_size."""

import numpy as np
from weft.compiler.ir.attrs import Tensor

from .harness import Rejection, Row

ROWS = [
    Row("constant", (), {"value": Tensor(np.full((2, 3), 1.5, np.float32))}),
    Row("constant", (), {"value": Tensor(np.zeros((0, 2), np.int8))}),
    Row("constant", (), {"value": Tensor(np.array(1 - 2j, np.complex64))}),
    *(Row("iota", (), {"iota_dimension": d}, "2x3x4xi32") for d in (0, 1, 2)),
    *(
        Row("iota", (), {"iota_dimension": 1}, f"2xMx{t}", oracle=t != "f8E4M3")
        for t in ("ui8", "i64", "bf16", "f64", "complex<f32>", "f8E4M3")
    ),
    Row("iota", (), {"iota_dimension": 0}, "7xi4"),
    Row("iota", (), {"iota_dimension": 1}, "3x0xf32"),
    Row("broadcast_in_dim", ("T",), {"broadcast_dimensions": ()}, "2x3xT"),
    Row("broadcast_in_dim", ("1x3xf32",), {"broadcast_dimensions": (2, 1)}, "2x3x2xf32"),
    Row("broadcast_in_dim", ("Nx1xMxf32",), {"broadcast_dimensions": (0, 1, 3)}, "Nx4x2xMxf32"),
    Row("broadcast_in_dim", ("3xNxf32",), {"broadcast_dimensions": (1, 0)}, "Nx3xf32"),
    Row("broadcast_in_dim", ("1xi8",), {"broadcast_dimensions": (0,)}, "0xi8"),
    Row("reshape", ("2x6xT",), {}, "3x4xT"),
    Row("reshape", ("f32",), {}, "1x1xf32"),
    Row("reshape", ("1x1xf32",), {}, "f32"),
    Row("reshape", ("2xNx6xf32",), {}, "2xNx2x3xf32"),
    Row("reshape", ("BxNx6xf32",), {}, "Bx1xNx3x2xf32"),
    Row("reshape", ("2x3xNxf32",), {}, "6xNx1xf32"),
    Row("reshape", ("NxMxf32",), {}, "MxNxf32"),
    Row("reshape", ("4xNxf32",), {}, "2xNx2xf32"),
    Row("reshape", ("2Nx3xf32",), {}, "Nx6xf32"),
    Row("reshape", ("0x3xf32",), {}, "3x0x2xf32"),
    Row("reshape", ("Zx3xf32",), {}, "3xZxf32"),
    Row("transpose", ("2xNx4xT",), {"permutation": (2, 0, 1)}),
    Row("transpose", ("f32",), {"permutation": ()}),
    Row("transpose", ("2x3x4x5xi8",), {"permutation": (3, 1, 0, 2)}),
    Row("concatenate", ("2x3xT", "2x1xT", "2x0xT", "2x4xT"), {"dimension": 1}),
    Row("concatenate", ("Nx3xf32", "Mx3xf32"), {"dimension": 0}),
    Row("concatenate", ("3xi64",), {"dimension": 0}),
    Row("reverse", ("2xNx4xT",), {"dimensions": (1, 2)}),
    Row("reverse", ("2x3xf32",), {"dimensions": ()}),
    Row("get_dimension_size", ("2xNxf32",), {"dimension": 1}),
    Row("get_dimension_size", ("0x3xi1",), {"dimension": 0}),
]

REJECTIONS = [
    Rejection("iota.O1", "iota", (), {"iota_dimension": 0}, "3xi1"),
    Rejection("iota.C1", "iota", (), {"iota_dimension": 2}, "2x3xf32"),
    Rejection("iota.C1", "iota", (), {"iota_dimension": 0}, "f32"),
    Rejection("broadcast_in_dim.I1", "broadcast_in_dim", ("token",), {"broadcast_dimensions": ()}, "3xf32"),
    Rejection("broadcast_in_dim.C1", "broadcast_in_dim", ("f32",), {"broadcast_dimensions": ()}, "3xf64"),
    Rejection("broadcast_in_dim.C2", "broadcast_in_dim", ("3xf32",), {"broadcast_dimensions": ()}, "3xf32"),
    Rejection("broadcast_in_dim.C3", "broadcast_in_dim", ("3xf32",), {"broadcast_dimensions": (1,)}, "3xf32"),
    Rejection("broadcast_in_dim.C4", "broadcast_in_dim", ("3x3xf32",), {"broadcast_dimensions": (0, 0)}, "3x3xf32"),
    Rejection("broadcast_in_dim.C5", "broadcast_in_dim", ("2xf32",), {"broadcast_dimensions": (0,)}, "3xf32"),
    Rejection("broadcast_in_dim.C5", "broadcast_in_dim", ("Nxf32",), {"broadcast_dimensions": (0,)}, "Mxf32"),
    Rejection("reshape.I1", "reshape", ("token",), {}, "1xf32"),
    Rejection("reshape.C1", "reshape", ("2xf32",), {}, "2xi32"),
    Rejection("reshape.C2", "reshape", ("2x3xf32",), {}, "5xf32"),
    Rejection("reshape.C2", "reshape", ("Nx4xf32",), {}, "2xMx2xf32"),
    Rejection("transpose.I1", "transpose", ("token",), {"permutation": ()}),
    Rejection("transpose.C2", "transpose", ("2x3xf32",), {"permutation": (0, 0)}),
    Rejection("transpose.C2", "transpose", ("2x3xf32",), {"permutation": (0,)}),
    Rejection("concatenate.I1", "concatenate", ("2xf32", "token"), {"dimension": 0}),
    Rejection("concatenate.C1", "concatenate", ("2xf32", "2xi32"), {"dimension": 0}),
    Rejection("concatenate.C2", "concatenate", ("2x3xf32", "2x4xf32"), {"dimension": 0}),
    Rejection("concatenate.C2", "concatenate", ("2x3xf32", "2xf32"), {"dimension": 0}),
    Rejection("concatenate.C2", "concatenate", ("2xNxf32", "2xMxf32"), {"dimension": 0}),
    Rejection("concatenate.C3", "concatenate", (), {"dimension": 0}),
    Rejection("concatenate.C4", "concatenate", ("2xf32",), {"dimension": 1}),
    Rejection("reverse.I1", "reverse", ("token",), {"dimensions": ()}),
    Rejection("reverse.C2", "reverse", ("2x3xf32",), {"dimensions": (1, 1)}),
    Rejection("reverse.C3", "reverse", ("2x3xf32",), {"dimensions": (2,)}),
    Rejection("get_dimension_size.I1", "get_dimension_size", ("token",), {"dimension": 0}),
    Rejection("get_dimension_size.C1", "get_dimension_size", ("2xf32",), {"dimension": 1}),
]
