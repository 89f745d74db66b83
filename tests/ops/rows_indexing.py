"""Calls of slice, dynamic_slice, dynamic_update_slice and pad."""

from weft.compiler.ir.dims import Dim

from .harness import Rejection, Row, dim


def cut(start: tuple[Dim, ...], limit: tuple[Dim, ...], strides: tuple[Dim, ...]) -> dict[str, object]:
    return {"start_indices": start, "limit_indices": limit, "strides": strides}


def padding(low: tuple[Dim, ...], high: tuple[Dim, ...], interior: tuple[Dim, ...]) -> dict[str, object]:
    return {"edge_padding_low": low, "edge_padding_high": high, "interior_padding": interior}


N = dim("N")

ROWS = [
    Row("slice", ("5x6xT",), cut((1, 0), (4, 6), (2, 3))),
    Row("slice", ("f32",), cut((), (), ())),
    Row("slice", ("Nx4xf32",), cut((0, 1), (N, 3), (2, 1))),
    Row("slice", ("N+2x4xf32",), cut((1, 0), (N, 4), (1, 1))),
    Row("slice", ("5xf32",), cut((3,), (3,), (1,))),
    Row("dynamic_slice", ("5x6xT", "i32", "i32"), {"slice_sizes": (2, 6)}),
    Row("dynamic_slice", ("4x5xf32", "i8", "i8"), {"slice_sizes": (3, 1)}),
    Row("dynamic_slice", ("4xf32", "ui64"), {"slice_sizes": (2,)}),
    Row("dynamic_slice", ("4xf32", "i64"), {"slice_sizes": (0,)}),
    Row("dynamic_slice", ("N+1x2xf32", "i64", "i64"), {"slice_sizes": (N, 1)}),
    Row("dynamic_update_slice", ("5x6xT", "2x6xT", "i32", "i32")),
    Row("dynamic_update_slice", ("4x5xf32", "3x1xf32", "i8", "i8")),
    Row("dynamic_update_slice", ("4xf32", "4xf32", "i64")),
    Row("dynamic_update_slice", ("4xf32", "0xf32", "ui32")),
    Row("dynamic_update_slice", ("N+3x2xf32", "Nx1xf32", "i64", "i64")),
    Row("dynamic_update_slice", ("f32", "f32")),
    Row("pad", ("2x3xT", "T"), padding((1, 0), (0, 2), (2, 1))),
    Row("pad", ("4x5xf32", "f32"), padding((-1, 2), (-2, -3), (0, 0))),
    Row("pad", ("4x5xf32", "f32"), padding((-2, -4), (1, 3), (1, 2))),
    Row("pad", ("Nx2xf32", "f32"), padding((1, 0), (N, 0), (1, 0))),
    Row("pad", ("2xf32", "f32"), padding((N,), (1,), (N,))),
    Row("pad", ("0x2xf32", "f32"), padding((1, 0), (2, 0), (3, 1))),
    Row("pad", ("3xi8", "i8"), padding((0,), (0,), (0,))),
    Row("pad", ("3xi8", "i8"), padding((-3,), (0,), (0,))),
    Row("pad", ("f32", "f32"), padding((), (), ())),
]

REJECTIONS = [
    Rejection("slice.I1", "slice", ("token",), cut((), (), ())),
    Rejection("slice.C2", "slice", ("3x3xf32",), cut((0,), (3, 3), (1, 1))),
    Rejection("slice.C2", "slice", ("3xf32",), cut((0,), (3,), (1, 1))),
    Rejection("slice.C3", "slice", ("3xf32",), cut((-1,), (3,), (1,))),
    Rejection("slice.C3", "slice", ("3xf32",), cut((2,), (1,), (1,))),
    Rejection("slice.C3", "slice", ("3xf32",), cut((0,), (4,), (1,))),
    Rejection("slice.C3", "slice", ("Nxf32",), cut((0,), (2,), (1,))),
    Rejection("slice.C4", "slice", ("3xf32",), cut((0,), (3,), (0,))),
    Rejection("dynamic_slice.I1", "dynamic_slice", ("token",), {"slice_sizes": ()}),
    Rejection("dynamic_slice.C2", "dynamic_slice", ("3xf32", "i32"), {"slice_sizes": (1, 1)}),
    Rejection("dynamic_slice.C2", "dynamic_slice", ("3xf32",), {"slice_sizes": (1,)}),
    Rejection("dynamic_slice.C3", "dynamic_slice", ("3x3xf32", "i32", "i64"), {"slice_sizes": (1, 1)}),
    Rejection("dynamic_slice.C3", "dynamic_slice", ("3xf32", "f32"), {"slice_sizes": (1,)}),
    Rejection("dynamic_slice.C4", "dynamic_slice", ("3xf32", "i32"), {"slice_sizes": (4,)}),
    Rejection("dynamic_slice.C4", "dynamic_slice", ("3xf32", "i32"), {"slice_sizes": (-1,)}),
    Rejection("dynamic_update_slice.I1", "dynamic_update_slice", ("token", "1xf32", "i32")),
    Rejection("dynamic_update_slice.I2", "dynamic_update_slice", ("3xf32", "token", "i32")),
    Rejection("dynamic_update_slice.C2", "dynamic_update_slice", ("3xf32", "1xf64", "i32")),
    Rejection("dynamic_update_slice.C3", "dynamic_update_slice", ("3xf32", "1x1xf32", "i32")),
    Rejection("dynamic_update_slice.C4", "dynamic_update_slice", ("3xf32", "1xf32")),
    Rejection("dynamic_update_slice.C5", "dynamic_update_slice", ("3x3xf32", "1x1xf32", "i32", "i64")),
    Rejection("dynamic_update_slice.C6", "dynamic_update_slice", ("3xf32", "4xf32", "i32")),
    Rejection("dynamic_update_slice.C6", "dynamic_update_slice", ("Nxf32", "Mxf32", "i32")),
    Rejection("pad.I1", "pad", ("token", "f32"), padding((), (), ())),
    Rejection("pad.I2", "pad", ("3xf32", "1xf32"), padding((0,), (0,), (0,))),
    Rejection("pad.C1", "pad", ("3xf32", "f64"), padding((0,), (0,), (0,))),
    Rejection("pad.C2", "pad", ("3xf32", "f32"), padding((0, 0), (0,), (0,))),
    Rejection("pad.C3", "pad", ("3xf32", "f32"), padding((0,), (0,), (-1,))),
    Rejection("pad.C4", "pad", ("3xf32", "f32"), padding((-2,), (-2,), (0,))),
]
