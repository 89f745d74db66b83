"""A process that trains one job in one runtime and answers requests, a JSON object a line.

Requests: `{"run": n}` times n steps in a row, to the end of the last, and tells the seconds of one; `{"memory": true}` tells the peak
resident size. The losses of the first steps come with the first answer.
"""

import json
import os
import sys
import time
from importlib import import_module

from ...proto.errors import WeftError
from ...proto.version import weft_version
from .runtimes import limit_threads
from .train_jobs import JOBS
from .worker import answer, peak_bytes


def main(runtime: str, job: str, threads: int) -> None:
    """Train the steps that are compared, then answer requests until standard input ends."""
    limit_threads(threads)
    # Runtimes size their pools by this; and so none has more than another.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    start = time.perf_counter()
    try:
        session = import_module(f"{__package__}.train_{runtime}").Session(job)
    except WeftError as error:
        answer({"error": str(error)})
        return
    loaded = time.perf_counter()
    losses: list[float] = []
    first = loaded
    for n in range(JOBS[job].steps):
        session.advance()
        losses += session.losses().tolist()
        if n == 0:
            first = time.perf_counter()
    answer({"version": _version(runtime), "load": loaded - start, "first": first - loaded, "losses": losses})
    for line in sys.stdin:
        match json.loads(line):
            case {"run": int(count)}:
                start = time.perf_counter()
                for _ in range(count):
                    session.advance()
                session.losses()
                answer({"seconds": [(time.perf_counter() - start) / count]})
            case {"memory": _}:
                answer({"peak": peak_bytes()})
            case other:
                answer({"error": f"unknown request {other}"})


def _version(runtime: str) -> str:
    version = weft_version() if runtime == "weft" else import_module(runtime).__version__
    return f"{runtime} {version}"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
