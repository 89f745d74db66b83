"""The public conformance suite of ONNX, all of it, against weft's backend: every case in a process that it can only take down itself.

    python -m tests.conformance.onnx_suite               run all, print the summary, compare with the stored table
    python -m tests.conformance.onnx_suite --update      store what came out, there and in docs/onnx.md
    python -m tests.conformance.onnx_suite --only gru    some cases, with what went wrong

Cases are run by the suite's own runner, with its tolerances. Each is compiled with its inputs as parameters, twice: as users do, and
with constant folding switched off, which is how the share of kernels in the work is counted. Both runs must be right.
"""

import argparse
import gc
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
import unittest
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import onnx.backend.test.runner
import weft
from onnx.backend.test.loader import load_model_tests
from weft.frontends.onnx.backend import WeftBackend, WeftRep

from .onnx_page import write_page
from .onnx_share import counted
from .onnx_table import Outcome, Table

TABLE = Path(__file__).with_name("onnx_suite.json")
_CPU_SECONDS = 60.0  # that a case may take, and
_SECONDS = 600.0  # by the clock, on a machine that may have much else to do
_FORK = multiprocessing.get_context("fork")


class _Folded(WeftBackend):
    """As users compile, on one thread: cases run beside each other."""

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> WeftRep:
        return super().prepare(model, device, **kwargs, threads=1)


class _Unfolded(_Folded):
    """Constant folding off."""

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> WeftRep:
        return super().prepare(model, device, **kwargs, fold=False)


@dataclass(frozen=True)
class Case:
    """One case of the suite; both functions raise what is wrong. `operators` are those of a case of single operators."""

    name: str
    operators: tuple[str, ...]
    run: Callable[[], None]
    run_unfolded: Callable[[], None]

    def outcome(self) -> Outcome:
        """Run it, in this process."""
        problem = _problem(self.run)
        if problem:
            return self.failed(*problem)
        with counted() as share:
            problem = _problem(self.run_unfolded)
        if problem:
            return self.failed(f"unfolded {problem[0]}", problem[1])
        return Outcome(self.name, "pass", operators=self.operators, share=share)

    def failed(self, result: str, message: str) -> Outcome:
        """The outcome of a case that does not pass."""
        return Outcome(self.name, result, message, self.operators)


def _problem(run: Callable[[], None]) -> tuple[str, str] | None:
    """What is wrong with a run: a code and a text."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            run()
    except weft.WeftError as error:
        return error.code, str(error)
    except AssertionError as error:
        return "wrong", str(error)
    except unittest.SkipTest as error:
        return "skipped", str(error)
    except Exception as error:  # noqa: BLE001 - whatever a case does is its result
        return type(error).__name__, str(error)
    return None


def cases() -> list[Case]:
    """All of the suite's; takes several seconds, since it computes what it expects."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        folded, unfolded = (dict(_items(backend)) for backend in (_Folded, _Unfolded))
        operators = {case.name: _operators(case.model) for case in load_model_tests(kind="node") if case.model}
    return [Case(name, operators.get(name, ()), run, unfolded[name]) for name, run in sorted(folded.items())]


def _operators(model: onnx.ModelProto) -> tuple[str, ...]:
    return tuple(sorted({f"{n.domain or 'ai.onnx'}.{n.op_type}" for n in model.graph.node}))


def _items(backend: type[WeftBackend]) -> Iterator[tuple[str, Callable[[], None]]]:
    for items in onnx.backend.test.runner.Runner(backend)._test_items.values():
        for name, item in items.items():
            if name.endswith("_cpu"):
                yield name.removesuffix("_cpu"), lambda run=item.func: run(None)


@dataclass
class _Worker:
    """A child process that runs cases, and the case it is at."""

    process: BaseProcess
    pipe: Connection
    case: Case | None = None
    since: float = field(default_factory=time.monotonic)


class Pool:
    """Runs cases in `jobs` children; one that dies or takes too long costs its case alone."""

    def __init__(self, todo: Iterable[Case], jobs: int) -> None:
        self.cases = list(todo)
        self._jobs = jobs

    def run(self) -> Iterator[Outcome]:
        """Outcomes as they come."""
        left = list(range(len(self.cases)))[::-1]
        gc.freeze()  # what the children share stays shared
        workers = [self._worker() for _ in range(min(self._jobs, len(left)))]
        while workers:
            for w in [w for w in workers if w.case is None]:
                if not left:
                    w.pipe.send(None)
                    w.process.join()
                    workers.remove(w)
                    continue
                index = left.pop()
                w.case, w.since = self.cases[index], time.monotonic()
                w.pipe.send(index)
            ready = wait([w.pipe for w in workers], timeout=1.0)
            for i, w in enumerate(workers):
                outcome = self._outcome(w, w.pipe in ready)
                if outcome is None:
                    continue
                yield outcome
                if w.process.exitcode is None:
                    w.case = None
                else:
                    workers[i] = self._worker()

    def _worker(self) -> _Worker:
        here, there = _FORK.Pipe()
        process = _FORK.Process(target=self._serve, args=(there,), daemon=True)
        process.start()
        there.close()
        return _Worker(process, here)

    def _serve(self, pipe: Connection) -> None:
        while (index := pipe.recv()) is not None:
            signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)
            outcome = self.cases[index].outcome()
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send(outcome)

    def _outcome(self, w: _Worker, ready: bool) -> Outcome | None:
        """What came of the case a worker is at, if anything did."""
        if w.case is None:
            return None
        if ready:
            try:
                return w.pipe.recv()
            except EOFError:
                w.process.join()
                if w.process.exitcode == -signal.SIGPROF:
                    return w.case.failed("timeout", f"not done after {_CPU_SECONDS} s of CPU time")
                return w.case.failed("crash", f"the process ended with {w.process.exitcode}")
        if time.monotonic() - w.since > _SECONDS:
            w.process.kill()
            w.process.join()
            return w.case.failed("timeout", f"not done after {_SECONDS} s")
        return None


def main() -> int:
    """Run the suite as the command line says; 0 if the table says what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="store the table, of all cases")
    parser.add_argument("--only", default="", metavar="REGEX", help="run the cases whose names match")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["ONNX_HOME"] = home  # where the suite's runner puts the data it makes for the light models
        chosen = [c for c in cases() if re.search(arguments.only, c.name)]
        start = time.monotonic()
        outcomes: list[Outcome] = []
        for outcome in Pool(chosen, arguments.jobs).run():
            outcomes.append(outcome)
            if outcome.result != "pass":
                print(f"{len(outcomes)}/{len(chosen)} {outcome.case}: {outcome.result}", file=sys.stderr, flush=True)
    table = Table.of(outcomes)
    print(f"{len(chosen)} cases in {time.monotonic() - start:.0f} s")
    print(table.summary())
    if arguments.update and not arguments.only:
        table.write(TABLE)
        write_page(table)
        return 0
    report = Table.read(TABLE).differences(table)
    messages = {o.case: o.message for o in outcomes}
    for name in report.worse if not arguments.only else [o.case for o in outcomes if o.result != "pass"]:
        print(f"\n{name}: {table.cases[name]}\n{messages[name]}")
    print(report)
    return 1 if report else 0


if __name__ == "__main__":
    sys.exit(main())
