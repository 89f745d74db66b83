"""Runs victims in child processes, bounded in address space and time, and says what became of them.

The process that calls `run` should have a single thread: children are forked from it, so that a victim costs milliseconds, not an import.
"""

import faulthandler
import json
import os
import re
import resource
import select
import signal
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from .victim import whole_way

SECONDS = 10  # of processor time
MEMORY = 2 << 30  # of address space, beyond what the process has before it reads the file
_ROOT = str(Path(__file__).parents[2]) + os.sep


@dataclass(frozen=True)
class Outcome:
    """`stage` is where it ended. `fault` is empty for success and for a `WeftError`, whose code is `code`; else it tells faults apart."""

    stage: str
    code: str
    fault: str
    detail: str
    seconds: float


def run(kind: str, data: bytes) -> Outcome:
    """Take a file through weft in a child process."""
    with tempfile.TemporaryDirectory(prefix="weft-fuzz-") as folder:
        path = Path(folder) / f"victim.{kind}"
        path.write_bytes(data)
        start = time.monotonic()
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _child(kind, path, write)
        os.close(write)
        said, late = _listen(read, pid)
        _, status = os.waitpid(pid, 0)
        return _outcome(said, late, status, (path.parent / "log").read_text("utf-8", "replace"), time.monotonic() - start)


def _child(kind: str, path: Path, write: int) -> None:
    """The child: never returns."""
    log = os.open(path.parent / "log", os.O_CREAT | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable(log)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))

    def say(**what: str) -> None:
        os.write(write, (json.dumps(what) + "\n").encode())

    try:
        say(code=whole_way(kind, path, lambda stage: say(stage=stage)))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        say(fault=_signature(error), detail=traceback.format_exc()[-4000:])
    os._exit(0)


def _signature(error: BaseException) -> str:
    """The exception's type and the innermost function of ours that it came through."""
    ours = (f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(_ROOT))
    frames = [f for f in ours if not f.filename.startswith(_ROOT + "tests")]
    where = f"{frames[-1].filename.removeprefix(_ROOT)}:{frames[-1].name}" if frames else ""
    if type(error).__name__ in ("Invalid", "InternalError"):
        where += " " + re.sub(r"[0-9]+|`[^`]*`|\"[^\"]*\"", "…", str(error).split("\n")[0])[:100]
    return f"{type(error).__name__} {where}"


def _listen(read: int, pid: int) -> tuple[list[dict[str, str]], bool]:
    """What the child says until it ends, or until it is much too late and it is killed."""
    said, deadline, late = b"", time.monotonic() + 12 * SECONDS, False
    while True:
        ready, _, _ = select.select([read], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            late = True
            break
        part = os.read(read, 1 << 16)
        if not part:
            break
        said += part
    os.close(read)
    return [json.loads(line) for line in said.splitlines() if line.endswith(b"}")], late


def _outcome(said: list[dict[str, str]], late: bool, status: int, log: str, seconds: float) -> Outcome:
    stage = next((s["stage"] for s in reversed(said) if "stage" in s), "start")
    last = said[-1] if said else {}
    if "fault" in last:
        return Outcome(stage, "", f"{stage}: {last['fault']}", last["detail"], seconds)
    if "code" in last:
        return Outcome(stage, last["code"], "", "", seconds)
    if late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)):
        return Outcome(stage, "", f"{stage}: hang", f"more than {SECONDS} s{' asleep' if late else ''}\n{log[-4000:]}", seconds)
    how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit status {status}"
    return Outcome(stage, "", f"{stage}: {how}", log[-4000:], seconds)
