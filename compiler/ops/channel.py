"""Channels: what enters or leaves a program other than through its signature; and computations that run beside others.

Programs of weft talk to nobody while they run: `infeed`, `outfeed`, `send` and `recv` can be read, looked at and written; compiling or
evaluating them is an error that says what to do. What is started asynchronously is computed where it is started.
"""

from collections.abc import Callable
from typing import NoReturn

from ...proto.errors import check, fail
from ..ir.attrs import Attr, Dict
from ..ir.graph import Region, Value
from ..ir.types import TokenType, TupleType, Type
from .bodies import check_region
from .decomposition import inline_region
from .nodes import node
from .registry import define
from .structure import after_all
from .values import Data, Tuple

Pairs = tuple[tuple[int, ...], ...]


def _refuse(op: str) -> Callable[..., NoReturn]:
    def refuse(*operands: object, **attrs: object) -> NoReturn:
        raise fail(
            "channel.devices",
            f"`{op}` talks to another device or to the host while the program runs; weft's programs do neither",
            help="make what is sent a result of the function, and what is received a parameter",
        )

    return refuse


def _infer_infeed(
    token: TokenType, *, infeed_config: str = "", layout: tuple[Attr, ...] | None = None, results: tuple[Type, ...]
) -> tuple[Type, ...]:
    good = len(results) > 0 and isinstance(results[-1], TokenType)
    check(good, "infeed.C3", "the last result of `infeed` must be a token")
    return results


infeed = define(
    "infeed",
    doc="Data that the host feeds to the program, and a token. C3: the last result is a token.",
    infer=_infer_infeed,
    decompose=_refuse("infeed"),
    traits=("effect",),
)


def _tokens(op: str, operands: tuple[Type, ...]) -> TokenType:
    good = len(operands) > 0 and isinstance(operands[-1], TokenType)
    check(good, f"{op}.I2", f"the last operand of `{op}` must be a token")
    return TokenType()


outfeed = define(
    "outfeed",
    doc="Feeds data to the host; a token. I2: the last operand is a token.",
    infer=lambda *inputs_and_token, outfeed_config="": _tokens("outfeed", inputs_and_token),
    decompose=_refuse("outfeed"),
    traits=("effect",),
)


def _infer_send(
    *inputs_and_token: Type, channel_handle: Dict | None = None, is_host_transfer: bool = False, source_target_pairs: Pairs = ()
) -> TokenType:
    return _tokens("send", inputs_and_token)


send = define(
    "send",
    doc="Sends data along a channel; a token. I2: the last operand is a token.",
    infer=_infer_send,
    decompose=_refuse("send"),
    traits=("effect",),
)


def _infer_recv(
    token: TokenType,
    *,
    channel_handle: Dict | None = None,
    is_host_transfer: bool = False,
    source_target_pairs: Pairs = (),
    results: tuple[Type, ...],
) -> tuple[Type, ...]:
    good = len(results) > 0 and isinstance(results[-1], TokenType)
    check(good, "recv.C3", "the last result of `recv` must be a token")
    return results


recv = define(
    "recv",
    doc="Data received along a channel, and a token. C3: the last result is a token.",
    infer=_infer_recv,
    decompose=_refuse("recv"),
    traits=("effect",),
)


def _infer_start(*inputs: Type, body: Region) -> TupleType:
    check_region(body, inputs, None, "async_start.C1", "`body`")
    return TupleType(body.result_types)


def _start(*inputs: Value, body: Region) -> Value:
    return node("tuple", *inline_region(body, inputs))


async_start = define(
    "async_start",
    doc="Begins a computation; its results are those of `async_done`. They are held as a tuple. C1: `body` takes the operands.",
    infer=_infer_start,
    reference=lambda *inputs, body: Tuple(body(*inputs)),
    decompose=_start,
    regions=("body",),
)


def _infer_done(future: TupleType) -> tuple[Type, ...]:
    return future.types


def _done(future: Value) -> tuple[Value, ...]:
    assert isinstance(future.type, TupleType)
    return tuple(node("get_tuple_element", future, index=i) for i in range(len(future.type.types)))


def _reference_done(future: Data) -> tuple[Data, ...]:
    assert isinstance(future, Tuple)
    return tuple(future)


async_done = define(
    "async_done",
    doc="The results of a computation that `async_start` began.",
    infer=_infer_done,
    reference=_reference_done,
    decompose=_done,
)


def _infer_token() -> TokenType:
    return TokenType()


create_token = define(
    "create_token",
    doc="A token that nothing comes before; `after_all` of no tokens.",
    infer=_infer_token,
    decompose=after_all,
)
