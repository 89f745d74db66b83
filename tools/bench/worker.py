"""A process that holds one runtime with one model and answers requests, a JSON object a line.

Requests: `{"run": n}` times n runs; `{"save": path}` runs once and writes the outputs to an .npz; `{"memory": true}` tells the peak
resident size.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from ...proto.errors import WeftError
from .runtimes import RUNTIMES, Run, limit_threads


def main(runtime: str, model: str, inputs_path: str, threads: int) -> None:
    """Load, report how long that and the first run took, then answer requests until standard input ends."""
    limit_threads(threads)
    with np.load(inputs_path) as loaded:
        inputs = {name: loaded[name] for name in loaded.files}
    start = time.perf_counter()
    try:
        prepared = RUNTIMES[runtime](model, inputs, threads)
    except WeftError as error:
        answer({"error": str(error)})
        return
    loaded_at = time.perf_counter()
    prepared.run()
    first = time.perf_counter()
    answer({"version": prepared.version, "load": loaded_at - start, "first": first - loaded_at})
    for line in sys.stdin:
        match json.loads(line):
            case {"run": int(count)}:
                answer({"seconds": [_timed(prepared.run) for _ in range(count)]})
            case {"save": str(path)}:
                np.savez(path, *prepared.run())
                answer({})
            case {"memory": _}:
                answer({"peak": peak_bytes()})
            case other:
                answer({"error": f"unknown request {other}"})


def _timed(run: Run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def peak_bytes() -> int:
    """The most memory this process has had."""
    # Not getrusage: its maximum begins with what the parent had when it forked.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def answer(message: dict[str, object]) -> None:
    """Send a line."""
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
