"""The measurement: one worker per runtime, results checked, then rounds in turn; medians, spread and ratios of the same round."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from ...proto.errors import fail

# Of the output's range, fixed before anything is timed: the error of f32 arithmetic in another order through a deep network.
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured. A round takes at least `round_seconds` for each runtime."""

    threads: int = 1
    rounds: int = 15
    round_seconds: float = 0.2


@dataclass(slots=True)
class Measurement:
    """One runtime on one model. `ratio` is this runtime's time over weft's, median of the rounds: above 1, weft is faster."""

    runtime: str
    version: str
    milliseconds: float = 0.0
    low: float = 0.0
    high: float = 0.0
    ratio: float = 1.0
    load_seconds: float = 0.0
    first_seconds: float = 0.0
    peak_megabytes: float = 0.0
    error: float = 0.0
    rounds: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """Everything but the single rounds."""
        facts = asdict(self)
        del facts["rounds"]
        return facts


class Worker:
    """A process with one runtime and one model. `ready` is what it says once it can be asked."""

    def __init__(self, runtime: str, command: Sequence[str]) -> None:
        self.runtime = runtime
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.ready = self._receive()

    def ask(self, **request: object) -> dict:
        """One request and its answer; WeftError `bench.worker` if the process died."""
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self._receive()

    def _receive(self) -> dict:
        assert self.process.stdout and self.process.stderr
        line = self.process.stdout.readline()
        if not line:
            why = self.process.stderr.read().strip().splitlines()
            raise fail("bench.worker", f"{self.runtime} failed: {why[-1] if why else 'no output'}")
        answer = json.loads(line)
        if "error" in answer:
            raise fail("bench.worker", f"{self.runtime} failed:\n{answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=30)


def measure(
    models: dict[str, Path],
    inputs: dict[str, np.ndarray],
    expected: Sequence[np.ndarray],
    settings: Settings,
    tell: Callable[[str], None],
) -> list[Measurement]:
    """Measure runtimes, each with its own file of the same model; `weft` must be among them and comes first.

    Raises WeftError `bench.result` if a runtime's results are further than `TOLERANCE` of the output's range from `expected`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.npz"
        np.savez(path, **inputs)  # type: ignore[arg-type]
        workers = []
        try:
            for runtime, model in models.items():
                tell(f"loading {runtime}")
                command = [sys.executable, "-m", "weft.tools.bench.worker", runtime, str(model), str(path), str(settings.threads)]
                workers.append(Worker(runtime, command))
            results = [_checked(w, Path(folder), expected) for w in workers]
            run_rounds(workers, results, settings, tell)
            for worker, result in zip(workers, results, strict=True):
                result.peak_megabytes = worker.ask(memory=True)["peak"] / 1e6
        finally:
            for worker in workers:
                worker.close()
    return with_ratios(results)


def _checked(worker: Worker, folder: Path, expected: Sequence[np.ndarray]) -> Measurement:
    saved = folder / f"{worker.runtime}.npz"
    worker.ask(save=str(saved))
    with np.load(saved) as loaded:
        arrays = [loaded[name] for name in loaded.files]
    error = max(relative_error(a, e) for a, e in zip(arrays, expected, strict=True))
    if not error <= TOLERANCE:
        raise fail("bench.result", f"{worker.runtime} is off by {error:.2e} of the output's range; at most {TOLERANCE:.0e} is allowed")
    ready = worker.ready
    return Measurement(worker.runtime, ready["version"], load_seconds=ready["load"], first_seconds=ready["first"], error=error)


def relative_error(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the range of what was expected."""
    if expected.size == 0:
        return 0.0
    if expected.dtype.kind not in "fc":
        return float((got != expected).any())
    span = float(np.ptp(expected)) or float(np.abs(expected).max()) or 1.0
    return float(np.abs(got.astype(np.float64) - expected).max()) / span


def run_rounds(workers: Sequence[Worker], results: Sequence[Measurement], settings: Settings, tell: Callable[[str], None]) -> None:
    """Have workers run in turn and enter the seconds of every round into their results."""
    counts = [_runs_per_round(w, settings.round_seconds) for w in workers]
    for number in range(settings.rounds):
        tell(f"round {number + 1} of {settings.rounds}")
        # Every other round backwards, so that no runtime always follows the same one.
        order = list(zip(workers, results, counts, strict=True))
        for worker, result, count in order if number % 2 == 0 else order[::-1]:
            result.rounds.append(median(worker.ask(run=count)["seconds"]))


def _runs_per_round(worker: Worker, seconds: float) -> int:
    once = median(worker.ask(run=3)["seconds"])
    return max(1, min(100_000, int(seconds / max(once, 1e-7))))


def with_ratios(results: list[Measurement]) -> list[Measurement]:
    """Enter medians, spreads, and ratios to the first result."""
    ours = results[0].rounds
    for r in results:
        ordered = sorted(r.rounds)
        r.milliseconds = median(ordered) * 1e3
        r.low, r.high = ordered[len(ordered) // 10] * 1e3, ordered[-1 - len(ordered) // 10] * 1e3
        r.ratio = median(theirs / own for theirs, own in zip(r.rounds, ours, strict=True))
    return results
