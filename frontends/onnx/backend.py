"""weft as a backend of ONNX's own interface, `onnx.backend.base`, so that whatever drives backends drives weft.

    from weft.frontends.onnx import backend
    rep = backend.prepare(onnx.load("model.onnx"))
    (y,) = rep.run([x])

The public conformance suite, in three lines of a file that pytest or unittest runs:

    import onnx.backend.test
    from weft.frontends.onnx import backend
    globals().update(onnx.backend.test.BackendTest(backend, __name__).test_cases)

`prepare` compiles for this machine's CPU; every input of the graph stays a parameter. A program needs the rank of each tensor it takes:
where the model leaves one open, compilation waits for the first run and is done once for each combination of ranks that comes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import onnx
from onnx.backend.base import Backend, BackendRep, Device, DeviceType, namedtupledict

from ...compiler.driver import Precision, compile
from ...proto.errors import fail
from ...vm import VM
from . import from_model

Ranks = tuple[int | None, ...]


class WeftRep(BackendRep):
    """A model that is ready to run any number of times."""

    def __init__(self, model: onnx.ModelProto, vm: VM, *, precision: Precision, fold: bool) -> None:
        self._model = model
        self._vm = vm
        self._precision: Precision = precision
        self._fold = fold
        self._functions: dict[Ranks, Callable[..., Any]] = {}
        constants = {t.name for t in model.graph.initializer} | {t.values.name for t in model.graph.sparse_initializer}
        self._inputs = [i for i in model.graph.input if i.name not in constants]
        self._open = [i.name for i in self._inputs if _rank_is_open(i.type)]
        outputs = [o.name for o in model.graph.output]
        self._outputs = namedtupledict("Outputs", outputs)
        if not self._open:
            self._function({})

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs, by position and by name: arrays, lists for sequences, None for an absent optional.

        `inputs` are arrays, lists or None by name in a dict; or in the order of the graph's inputs in a list or tuple, without those
        that have an initializer; or a single array. Raises `WeftError` (`call.*`, `run.*`) as the VM does.
        """
        named = self._named(inputs)
        results = self._function(named)(**named)
        single = len(self._model.graph.output) == 1
        return self._outputs(*([results] if single else results))

    def _named(self, inputs: Any) -> dict[str, Any]:
        if isinstance(inputs, Mapping):
            given = dict(cast(Mapping[str, Any], inputs))
        else:
            values: Sequence[Any] = inputs if isinstance(inputs, list | tuple) else [inputs]
            if len(values) > len(self._inputs):
                raise fail("call.count", f"the model has {len(self._inputs)} inputs, got {len(values)}")
            given = {i.name: v for i, v in zip(self._inputs, values, strict=False)}
        return {name: _value(v) for name, v in given.items()}

    def _function(self, named: Mapping[str, Any]) -> Callable[..., Any]:
        """The function for the ranks of these inputs."""
        ranks = tuple(np.ndim(named[name]) if isinstance(named.get(name), np.ndarray) else None for name in self._open)
        if ranks not in self._functions:
            model = _with_ranks(self._model, dict(zip(self._open, ranks, strict=True)))
            program = compile(from_model(model), precision=self._precision, fold=self._fold)
            self._functions[ranks] = self._vm.load(program)["main"]
        return self._functions[ranks]


class WeftBackend(Backend):
    """The interface of `onnx.backend.base.Backend`, for CPUs."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether to try: always; what weft lacks is an error that `prepare` raises."""
        return True

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> WeftRep:
        """Compile a model.

        Options are those of `weft.compile`, `precision` and `fold`, and `threads` (all CPUs of the process if it is not given). Others are
        ignored, as the public suite passes its tolerances here. Raises `WeftError` with every problem of the model.
        """
        if not cls.supports_device(device):
            raise fail("onnx.device", f"there is no device {device!r}", help="weft's backend runs on CPU")
        vm = VM(threads=kwargs.get("threads"))
        return WeftRep(model, vm, precision=kwargs.get("precision", "default"), fold=kwargs.get("fold", True))

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        """`prepare` and `run`."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(cls, node: onnx.NodeProto, inputs: Any, device: str = "CPU", outputs_info: Any = None, **kwargs: Any) -> tuple[Any, ...]:
        """Run one operator. `inputs` go to the node's inputs that have a name, in order, or to those of a dict by name.

        `opset_version=` is the version of the operator (default: the newest). `outputs_info` is not needed.
        """
        names = list(dict.fromkeys(name for name in node.input if name))
        given = dict(inputs) if isinstance(inputs, Mapping) else _by_name([n for n in node.input if n], inputs)
        version = kwargs.pop("opset_version", onnx.defs.onnx_opset_version() if node.domain in ("", "ai.onnx") else 1)
        graph = onnx.helper.make_graph(
            [node],
            node.name or node.op_type,
            [onnx.helper.make_value_info(name, _type_of(name, _value(given.get(name)))) for name in names],
            [onnx.ValueInfoProto(name=name) for name in node.output if name],
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid(node.domain, version)])
        return cls.run_model(model, given, device, **kwargs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether `device` (`CPU`, `CUDA:1` …) is a CPU."""
        try:
            return Device(device).type == DeviceType.CPU
        except (AttributeError, ValueError):
            return False


def _by_name(names: Sequence[str], inputs: Any) -> dict[str, Any]:
    values: Sequence[Any] = inputs if isinstance(inputs, list | tuple) else [inputs]
    if len(values) != len(names):
        raise fail("call.count", f"the node has {len(names)} inputs, got {len(values)}")
    return dict(zip(names, values, strict=True))


def _value(value: Any) -> Any:
    """An input as the VM takes it: numbers become arrays."""
    return np.asarray(value) if isinstance(value, np.generic | bool | int | float | complex) else value


def _rank_is_open(type: onnx.TypeProto) -> bool:
    """Whether `type` is that of a tensor of unknown rank."""
    return type.WhichOneof("value") == "tensor_type" and not type.tensor_type.HasField("shape")


def _with_ranks(model: onnx.ModelProto, ranks: Mapping[str, int | None]) -> onnx.ModelProto:
    """The model with inputs of unknown rank given these; each of their dims may have any size."""
    if not any(rank is not None for rank in ranks.values()):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for info in copy.graph.input:
        rank = ranks.get(info.name)
        if rank is not None:
            info.type.tensor_type.shape.dim.extend(onnx.TensorShapeProto.Dimension() for _ in range(rank))
            info.type.tensor_type.shape.SetInParent()
    return copy


def _type_of(name: str, value: Any) -> onnx.TypeProto:
    """The ONNX type of a value that is given to a node."""
    match value:
        case np.ndarray():
            return onnx.helper.make_tensor_type_proto(_number_of(value.dtype), value.shape)
        case [first, *_] if isinstance(first, np.ndarray):
            return onnx.helper.make_sequence_type_proto(onnx.helper.make_tensor_type_proto(_number_of(first.dtype), None))
        case _:
            raise fail("call.value", f"input `{name}` is no array and no list of arrays, its type is unknown: {value!r:.60}")


def _number_of(dtype: np.dtype) -> int:
    if dtype.kind in "OUST":
        return onnx.TensorProto.STRING
    return onnx.helper.np_dtype_to_tensor_dtype(dtype)


is_compatible = WeftBackend.is_compatible
prepare = WeftBackend.prepare
run_model = WeftBackend.run_model
run_node = WeftBackend.run_node
supports_device = WeftBackend.supports_device
