"""Devices: where the native functions of a program run. The host is one, and needs none of this; here are the others.

    device = open_device("sim:1", memory=None, threads=2)

`sim:N` is the CPU once more with a memory of its own: programs that span devices can be run, and tested, on any machine.
"""

from collections.abc import Mapping, Sequence

from ...proto.errors import fail
from .base import Device as Device
from .base import DeviceArray as DeviceArray
from .base import DeviceFunction as DeviceFunction
from .base import HostArray as HostArray
from .base import Task as Task


def open_device(name: str, memory: int | None, threads: int) -> Device:
    """The device of this name, whose functions run on up to so many threads, with at most `memory` bytes.

    Raises `WeftError` (`device.name`).
    """
    kind, _, number = name.partition(":")
    if kind == "sim" and number.isdecimal():
        from .sim import SimDevice

        return SimDevice(name, memory, threads)
    raise fail("device.name", f"the program runs on {name!r}, a device that this VM does not know", help="it knows cpu:0 and sim:N")


def open_devices(names: Sequence[str], memory: Mapping[str, int], threads: int) -> list[Device | None]:
    """The devices of a program; None for the host, which is the first.

    Raises `WeftError` (`device.name`), also for a limit to the memory of a device that there is not.
    """
    for name in memory:
        kind, _, number = name.partition(":")
        if kind != "sim" or not number.isdecimal():
            raise fail("device.name", f"the memory of {name!r} cannot be limited", help="limits are for sim:N; VM(memory=…) for calls")
    return [None, *(open_device(name, memory.get(name), threads) for name in names[1:])]
