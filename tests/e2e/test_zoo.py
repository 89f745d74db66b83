"""The nine light networks of the ONNX zoo: ONNX Runtime, the reference interpreter and compiled code agree."""

from collections.abc import Iterator

import onnx
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, RuntimeException
from weft.frontends.onnx import from_model

from ..models.zoo import NAMES, with_batch, zoo_model
from .runners import Compiled, assert_close, interpreted, onnx_runtime, random_feeds

_LARGE = {"bvlc_alexnet", "zfnet512", "vgg19"}  # hundreds of megabytes of weights
_ANY_BATCH = {"squeezenet", "densenet121"}  # the others bake a batch of 1 into a Reshape
NETWORKS = [pytest.param(name, marks=pytest.mark.slow) if name in _LARGE else name for name in NAMES]


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Iterator[tuple[str, onnx.ModelProto]]:
    yield request.param, zoo_model(request.param)


@pytest.mark.parametrize("batch", [1, 3])
def test_network(network: tuple[str, onnx.ModelProto], batch: int) -> None:
    name, model = network
    model = with_batch(model, batch)
    feeds = random_feeds(model)
    try:
        wanted = onnx_runtime(model, feeds)
    except (Fail, RuntimeException):
        assert batch > 1 and name not in _ANY_BATCH
        return  # nothing to compare with
    module = from_model(model)
    assert_close(interpreted(module, feeds), wanted)
    assert_close(Compiled(module)(feeds), wanted)


def test_one_program_for_any_batch() -> None:
    model = with_batch(zoo_model("squeezenet"), "N")
    compiled = Compiled(model)
    for batch in (1, 2, 5):
        feeds = random_feeds(model, batch, N=batch)
        assert_close(compiled(feeds), onnx_runtime(model, feeds))
