"""The program of a module that has been through the pipeline."""

from ...proto import program_pb2 as pb
from ...proto.artifact import CodeImage, Program
from ...vm.native_abi import ENTRY_POINTS, RUNTIME_ABI
from ..codegen.cpu.shared import shared_source
from ..codegen.kernel import Kernel
from ..codegen.link import link
from ..codegen.llvm import compile_modules
from ..codegen.runtime import runtime_object
from ..codegen.support import support_objects
from ..codegen.target import Target
from ..devices import HOST, HOST_NAME
from ..drivers import is_driver
from ..ir.attrs import Symref
from ..ir.graph import Function, Module
from .driver import Callee, DriverEmitter
from .function import FunctionEmitter
from .tables import Kernels, Tables

VERSION = 3
# The oldest readers of programs without devices, and without drivers.
DRIVERS_VERSION = 2
FIRST_VERSION = 1


def emit_program(module: Module, target: Target, producer: str) -> Program:
    """Generate, compile and link the kernels of every public function, plan memory and encode instructions."""
    tables, kernels = Tables(), Kernels(target)
    native = native_functions(module)
    devices = [HOST, *dict.fromkeys(f.device for f in native if f.device != HOST)]
    functions = [FunctionEmitter(f, tables, kernels).emit() for f in native]
    for message, f in zip(functions, native, strict=True):
        message.device = devices.index(f.device)
    called = {f.name: Callee(i, f.device) for i, f in enumerate(native)}
    drivers = [DriverEmitter(f, tables, called, devices).emit() for f in module.functions.values() if f.public and is_driver(f)]
    spans = len(devices) > 1
    image, description = _link(kernels, target)
    message = pb.Program(
        version=VERSION,
        min_reader=VERSION if spans else DRIVERS_VERSION if drivers else FIRST_VERSION,
        producer=producer,
        images=[description],
        kernels=kernels.messages(),
        constants=tables.constants,
        functions=functions,
        drivers=drivers,
        host_calls=tables.host_calls,
        locs=tables.locs,
        devices=[d or HOST_NAME for d in devices] if spans else (),
    )
    return Program(message.SerializeToString(deterministic=True), {target.name: CodeImage(image)}, tables.weights)


def native_functions(module: Module) -> list[Function]:
    """The functions that become native code: public ones, and those that a driver calls."""
    calls = [node for f in module.functions.values() for node in f.walk() if node.op == "call"]
    called = {a.name for node in calls for a in node.attrs.values() if isinstance(a, Symref)}
    return [f for f in module.functions.values() if not is_driver(f) and (f.public or f.name in called)]


def generate_kernels(module: Module, target: Target) -> list[Kernel]:
    """The kernels of a module that has been through the pipeline, each once."""
    kernels = Kernels(target)
    for f in native_functions(module):
        FunctionEmitter(f, Tables(), kernels).emit()
    return [kernel for kernel, _ in kernels.made]


def _link(kernels: Kernels, target: Target) -> tuple[bytes, pb.Image]:
    texts = [kernel.ir for kernel, _ in kernels.made]
    shared = dict.fromkeys(name for kernel, _ in kernels.made for name in kernel.needs)
    objects = compile_modules([*texts, *(shared_source(name, target) for name in shared)], target)
    image = link([*objects, runtime_object(target)], support_objects(target))
    description = pb.Image(
        level=target.name,
        arch=target.arch,
        features=target.cpuinfo,
        runtime_abi=RUNTIME_ABI,
        runtime={name: image.symbols[name] for name in ENTRY_POINTS},
        kernel_offsets=[image.symbols[kernel.name] for kernel, _ in kernels.made],
    )
    return image.data, description
