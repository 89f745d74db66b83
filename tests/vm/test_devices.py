"""Programs over several devices: concurrency, failures, memory, and what the verifier refuses."""

import gc
import re
import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import weft
from weft.compiler.ir.text import parse
from weft.proto import program_pb2 as pb
from weft.proto.artifact import Program
from weft.proto.errors import WeftError, fail
from weft.vm import VM
from weft.vm.devices import sim

TOWERS = """
func.func @main(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> (tensor<64x64xf32>, tensor<64xf32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] {weft.device = "sim:1"} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = stablehlo.tanh %0 {weft.device = "sim:1"} : tensor<64x64xf32>
  %2 = stablehlo.dot_general %x, %x, contracting_dims = [1] x [0] {weft.device = "sim:2"} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %3 = stablehlo.add %1, %2 {weft.device = "cpu:0"} : tensor<64x64xf32>
  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %4 = stablehlo.reduce(%3 init: %c) applies stablehlo.add across dimensions = [1] : (tensor<64x64xf32>, tensor<f32>) -> tensor<64xf32>
  return %3, %4 : tensor<64x64xf32>, tensor<64xf32>
}
"""  # noqa: E501
ONE = re.sub(r' \{weft.device = "[a-z]+:\d"\}', "", TOWERS)


def arrays() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal((64, 64)).astype(np.float32) / 8 for _ in range(2)]


@pytest.fixture(scope="module")
def towers() -> Program:
    return weft.compile(parse(TOWERS))


def test_results_are_those_of_one_device(towers: Program) -> None:
    wanted = VM().load(weft.compile(parse(ONE)))["main"](*arrays())
    main = VM(threads=2).load(towers)["main"]
    for _ in range(20):
        for a, b in zip(main(*arrays()), wanted, strict=True):
            assert np.array_equal(a, b)


def test_calls_from_several_threads(towers: Program) -> None:
    main = VM(threads=2).load(towers)["main"]
    wanted = main(*arrays())
    wrong: list[int] = []

    def call(n: int) -> None:
        if not all(np.array_equal(a, b) for a, b in zip(main(*arrays()), wanted, strict=True)):
            wrong.append(n)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_devices_work_at_the_same_time(towers: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each device waits for the other to be at work too; one after the other they would wait in vain."""
    together = threading.Barrier(2)
    invoke = sim.SimFunction.invoke

    def meeting(self: sim.SimFunction, arrays: Any, task: Any, at: int) -> Any:
        self._device.submit(lambda: together.wait(10))
        return invoke(self, arrays, task, at)

    monkeypatch.setattr(sim.SimFunction, "invoke", meeting)
    VM().load(towers)["main"](*arrays())
    assert not together.broken


def test_what_fails_is_named_and_nothing_is_held(towers: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program = VM().load(towers)
    main = program["main"]
    main(*arrays())
    devices = [d for d in gc.get_objects() if isinstance(d, sim.SimDevice)]
    keep = sim.SimDevice.keep

    def broken(self: sim.SimDevice, array: np.ndarray) -> sim.Buffer:
        if self.name == "sim:2":
            self.memory.give_back(array.nbytes)
            raise fail("run.kernel", "the device has fallen off the bus")
        return keep(self, array)

    monkeypatch.setattr(sim.SimDevice, "keep", broken)
    for _ in range(3):
        with pytest.raises(WeftError, match=r"fallen off the bus") as caught:
            main(*arrays())
        assert ":5:" in str(caught.value.diagnostics[0].loc)  # the line of the product on sim:2
    gc.collect()
    deadline = time.monotonic() + 10  # a worker lets go of what it did last a moment after it has said so
    while any(d.memory.used for d in devices) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {d.name: d.memory.used for d in devices} == {"sim:1": 0, "sim:2": 0}
    monkeypatch.undo()
    assert main(*arrays())[0].shape == (64, 64)


def test_a_bug_in_a_device_is_not_swallowed(towers: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.SimDevice, "keep", lambda self, array: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        VM().load(towers)["main"](*arrays())


def test_memory_of_a_device_is_limited(towers: Program) -> None:
    array = 64 * 64 * 4
    assert VM(device_memory={"sim:2": 4 * array}).load(towers)["main"](*arrays())[0].shape == (64, 64)
    with pytest.raises(WeftError, match=r"sim:1 has no room for .*: 16384 bytes, while 16384 of 30000 are in use") as caught:
        VM(device_memory={"sim:1": 30000}).load(towers)["main"](*arrays())
    assert caught.value.diagnostics[0].code == "run.memory"


def test_constants_count(towers: Program) -> None:
    weights = np.ones((64, 64), np.float32)
    text = TOWERS.replace("%w: tensor<64x64xf32>", "%v: tensor<64x64xf32>").replace(
        "%0 =", f'%w = stablehlo.constant dense<"0x{weights.tobytes().hex()}"> : tensor<64x64xf32>\n  %0 ='
    )
    program = weft.compile(parse(text))
    with pytest.raises(WeftError, match=r"sim:1 has no room for constant"):
        VM(device_memory={"sim:1": 1000}).load(program)
    assert np.allclose(VM().load(program)["main"](*arrays())[0], VM().load(weft.compile(parse(ONE)))["main"](arrays()[0], weights)[0])


def test_a_limit_to_no_device(towers: Program) -> None:
    with pytest.raises(WeftError, match="cannot be limited"):
        VM(device_memory={"cpu:0": 1}).load(towers)


def test_timeout(towers: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program = VM().load(towers)
    assert program["main"](*arrays(), timeout=60)[0].shape == (64, 64)
    invoke = sim.SimFunction.invoke

    def slow(self: sim.SimFunction, arrays: Any, task: Any, at: int) -> Any:
        self._device.submit(lambda: time.sleep(0.2))
        return invoke(self, arrays, task, at)

    monkeypatch.setattr(sim.SimFunction, "invoke", slow)
    with pytest.raises(WeftError, match=r"main did not end within 0.05 s"):
        program["main"](*arrays(), timeout=0.05)


def test_the_program_says_where_things_are(towers: Program) -> None:
    text = VM().load(towers).disassemble()
    assert "on sim:1" in text
    assert text.count(" transfer ") == 5  # x to each device, w to one, two results back


def test_a_loop_over_two_devices() -> None:
    text = """
    func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %n = stablehlo.constant dense<100> : tensor<i32>
      %zero = stablehlo.constant dense<0> : tensor<i32>
      %one = stablehlo.constant dense<1> : tensor<i32>
      %r:3 = stablehlo.while(%i = %zero, %v = %x, %u = %x) : tensor<i32>, tensor<4xf32>, tensor<4xf32>
       cond {
        %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %p : tensor<i1>
      } do {
        %k = stablehlo.add %i, %one {weft.device = "cpu:0"} : tensor<i32>
        %w = stablehlo.add %v, %y {weft.device = "sim:1"} : tensor<4xf32>
        %t = stablehlo.maximum %u, %w {weft.device = "sim:2"} : tensor<4xf32>
        stablehlo.return %k, %w, %t : tensor<i32>, tensor<4xf32>, tensor<4xf32>
      }
      return %r#2 : tensor<4xf32>
    }"""
    main = VM().load(weft.compile(parse(text)))["main"]
    x, y = np.arange(4, dtype=np.float32), np.float32([1, 2, -1, 0])
    assert np.array_equal(main(x, y), np.maximum(x, x + 100 * y))


def test_placement_keeps_to_the_memory_of_devices() -> None:
    """Two weights of 64 KB, devices of 100 KB: one each, the host not being allowed more."""
    weight = f'dense<"0x{np.ones((128, 128), np.float32).tobytes().hex()}"> : tensor<128x128xf32>'
    lines = [f"  %w{n} = stablehlo.constant {weight}\n" for n in range(2)]
    text = (
        "func.func @main(%x: tensor<1x128xf32>) -> tensor<1x128xf32> {\n"
        + "".join(lines)
        + "".join(
            f"  %{n + 1} = stablehlo.dot_general %{'x' if n == 0 else n}, %w{n}, contracting_dims = [1] x [0] : "
            "(tensor<1x128xf32>, tensor<128x128xf32>) -> tensor<1x128xf32>\n"
            for n in range(2)
        )
        + "  return %2 : tensor<1x128xf32>\n}"
    )
    small = ("cpu:0=1KB", "sim:1=100KB", "sim:2=100KB")
    program = weft.compile(parse(text), devices=small)
    x = np.ones((1, 128), np.float32)
    loaded = VM(device_memory={"sim:1": 100_000, "sim:2": 100_000}).load(program)
    assert np.array_equal(loaded["main"](x), np.full((1, 128), 128.0 * 128, np.float32))
    assert {" on sim:1", " on sim:2"} <= set(re.findall(r" on sim:\d", loaded.disassemble()))
    with pytest.raises(WeftError, match="do not fit the memory of the devices"):
        weft.compile(parse(text), devices=small[:2])


def _damaged(program: Program, change: Any) -> Program:
    message = pb.Program.FromString(program.pb)
    change(message)
    return Program(message.SerializeToString(), program.code, program.weights)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda m: m.devices.__setitem__(0, "sim:3"), "devices of a program"),
        (lambda m: m.devices.__setitem__(1, "cpu:0"), "devices of a program"),
        (lambda m: m.drivers[0].devices.pop(), "places for"),
        (lambda m: m.drivers[0].devices.__setitem__(2, 9), "places for"),
        (lambda m: m.drivers[0].devices.__setitem__(2, 2), "where one on"),
        (lambda m: m.drivers[0].devices.__setitem__(0, 1), "where one on cpu:0"),
        (lambda m: setattr(m.functions[0], "device", 7), "device 7"),
        (lambda m: setattr(m.functions[0], "private", False), "only private ones"),
        (lambda m: m.devices.__setitem__(1, "tpu:1"), "does not know"),
    ],
)
def test_the_verifier(towers: Program, change: Any, fact: str) -> None:
    with pytest.raises(WeftError, match=fact):
        VM().load(_damaged(towers, change))


def test_older_readers_are_told(towers: Program) -> None:
    message = pb.Program.FromString(towers.pb)
    assert (message.version, message.min_reader) == (3, 3)
    assert pb.Program.FromString(weft.compile(parse(ONE)).pb).min_reader == 1


def test_device_arrays_are_no_arrays_of_the_host() -> None:
    """Elements leave a device through `send` and `receive` alone, as copies."""
    from weft.vm.devices import Task, open_device

    a, b = open_device("sim:1", None, 1), open_device("sim:2", None, 1)
    task = Task()
    x = np.arange(6.0)
    there = a.receive(x, task, 0)
    further = b.receive(there, task, 0)
    back = b.send(further, task, 0).result()
    x[:] = 0
    assert np.array_equal(back, np.arange(6.0))
    assert (task.transfers, task.transferred) == (3, 3 * 48)
    assert replace(there).handle().array is not further.handle().array
