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
from .reference import relative_error
from .statistics import median_interval, paired_ratios, spread


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured. A round takes at least `round_seconds` for each runtime.

    There are `rounds` of them at least, and then as many more, up to `most_rounds`, as it takes until the interval of every ratio is
    narrower than `precision` of it.
    """

    threads: int = 1
    rounds: int = 15
    most_rounds: int = 60
    precision: float = 0.03
    round_seconds: float = 0.2


@dataclass(slots=True)
class Measurement:
    """One runtime on one model; `milliseconds` is the median of the rounds, `low` and `high` enclose eight tenths of them.

    `ratio` is this runtime's time over weft's, median of the rounds: above 1, weft is faster. `ratio_low` and `ratio_high` are its 95 %
    confidence interval. `error` is the distance from double precision, a part of the output's range.
    """

    runtime: str
    version: str
    milliseconds: float = 0.0
    low: float = 0.0
    high: float = 0.0
    ratio: float = 1.0
    ratio_low: float = 1.0
    ratio_high: float = 1.0
    load_seconds: float = 0.0
    first_seconds: float = 0.0
    peak_megabytes: float = 0.0
    error: float = 0.0
    rounds: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        """Everything, as JSON holds it."""
        return asdict(self)


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
    tolerance: float,
    settings: Settings,
    tell: Callable[[str], None],
) -> list[Measurement]:
    """Measure runtimes, each with its own file of the same model; `weft` must be among them and comes first.

    Raises WeftError `bench.result` if a runtime's results are further than `tolerance` of the output's range from `expected`.
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
            results = [_checked(w, Path(folder), expected, tolerance) for w in workers]
            run_rounds(workers, results, settings, tell)
            for worker, result in zip(workers, results, strict=True):
                result.peak_megabytes = worker.ask(memory=True)["peak"] / 1e6
        finally:
            for worker in workers:
                worker.close()
    return with_ratios(results)


def _checked(worker: Worker, folder: Path, expected: Sequence[np.ndarray], tolerance: float) -> Measurement:
    saved = folder / f"{worker.runtime}.npz"
    worker.ask(save=str(saved))
    with np.load(saved) as loaded:
        arrays = [loaded[name] for name in loaded.files]
    error = max(relative_error(a, e) for a, e in zip(arrays, expected, strict=True))
    if not error <= tolerance:
        raise fail("bench.result", f"{worker.runtime} is off by {error:.2e} of the output's range; at most {tolerance:.0e} is allowed")
    ready = worker.ready
    return Measurement(worker.runtime, ready["version"], load_seconds=ready["load"], first_seconds=ready["first"], error=error)


def run_rounds(workers: Sequence[Worker], results: Sequence[Measurement], settings: Settings, tell: Callable[[str], None]) -> None:
    """Have workers run in turn and enter the seconds of every round into their results."""
    counts = [_runs_per_round(w, settings.round_seconds) for w in workers]
    for number in range(max(settings.rounds, settings.most_rounds)):
        if number >= settings.rounds and _is_precise(results, settings.precision):
            return
        tell(f"round {number + 1} of {settings.rounds if number < settings.rounds else f'{settings.most_rounds} at most'}")
        # Every other round backwards, so that no runtime always follows the same one.
        order = list(zip(workers, results, counts, strict=True))
        for worker, result, count in order if number % 2 == 0 else order[::-1]:
            result.rounds.append(median(worker.ask(run=count)["seconds"]))


def _is_precise(results: Sequence[Measurement], precision: float) -> bool:
    """Whether the interval of every ratio is narrow enough."""
    ours = results[0].rounds
    found = [paired_ratios(r.rounds, ours) for r in results[1:]]
    intervals = [(*median_interval(ratios), median(ratios)) for ratios in found]
    return all(high - low <= precision * middle for low, high, middle in intervals)


def _runs_per_round(worker: Worker, seconds: float) -> int:
    once = median(worker.ask(run=3)["seconds"])
    return max(1, min(100_000, int(seconds / max(once, 1e-7))))


def with_ratios(results: list[Measurement]) -> list[Measurement]:
    """Enter medians, spreads, and ratios to the first result."""
    ours = results[0].rounds
    for r in results:
        ratios = paired_ratios(r.rounds, ours)
        r.milliseconds = median(r.rounds) * 1e3
        r.low, r.high = (seconds * 1e3 for seconds in spread(r.rounds))
        r.ratio = median(ratios)
        r.ratio_low, r.ratio_high = median_interval(ratios)
    return results
