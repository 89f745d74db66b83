"""`weft.device`: where what is traced is to run."""

from collections.abc import Generator
from contextlib import contextmanager

from ...compiler.devices import device as device_of
from ...compiler.ir.graph import on_device


@contextmanager
def device(name: str) -> Generator[None]:
    """What is traced inside runs on a device: `cpu:0`, the host, or `sim:N`.

        @weft.function
        def f(x, w):
            with weft.device("sim:1"):
                y = x @ w          # a product on sim:1; x and w are copied there
            return wnp.tanh(y)     # wherever it ends earliest

    It says so of the nodes of a graph, so it belongs inside a `weft.function`: what is computed eagerly is computed by the host, and a
    function that is called inside keeps to what it says itself. Raises `WeftError` (`device.name`).
    """
    with on_device(device_of(name).name):
        yield
