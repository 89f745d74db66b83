"""Training measured: for every job, a process per runtime, losses compared with float64's, then rounds in turn."""

import sys
from collections.abc import Callable, Sequence

import numpy as np

from ...proto.errors import fail
from .harness import Measurement, Settings, Worker, run_rounds, with_ratios
from .train_jobs import JOBS, Job

RUNTIMES = ("weft", "jax", "torch")


def measure_training(job: Job, runtimes: Sequence[str], settings: Settings, tell: Callable[[str], None]) -> list[Measurement]:
    """Measure runtimes on a job; `weft` comes first.

    Raises WeftError `bench.result` if losses are further from the reference's than the job allows.
    """
    from .train_weft import reference

    tell(f"{job.name}: losses in float64")
    expected = reference(job.name)
    workers: list[Worker] = []
    try:
        results: list[Measurement] = []
        for runtime in runtimes:
            tell(f"{job.name}: starting {runtime}")
            command = [sys.executable, "-m", "weft.tools.bench.train_worker", runtime, job.name, str(settings.threads)]
            workers.append(Worker(runtime, command))
            results.append(_checked(job, workers[-1], expected))
        run_rounds(workers, results, settings, lambda text: tell(f"{job.name}: {text}"))
        for worker, result in zip(workers, results, strict=True):
            result.peak_megabytes = worker.ask(memory=True)["peak"] / 1e6
    finally:
        for worker in workers:
            worker.close()
    return with_ratios(results)


def _checked(job: Job, worker: Worker, expected: np.ndarray) -> Measurement:
    losses, ready = np.array(worker.ready["losses"]), worker.ready
    error = float(np.abs(losses / expected - 1).max())
    if not error <= job.tolerance:
        fact = f"losses of `{job.name}` in {worker.runtime} are off by {error:.1e}; at most {job.tolerance:.0e} is allowed"
        raise fail("bench.result", fact)
    return Measurement(worker.runtime, ready["version"], load_seconds=ready["load"], first_seconds=ready["first"], error=error)


def chosen(names: str) -> list[Job]:
    """Jobs by their names, all of them for none."""
    wanted = [n for n in names.split(",") if n] or list(JOBS)
    unknown = [n for n in wanted if n not in JOBS]
    if unknown:
        raise fail("usage.job", f"no training job is called {', '.join(unknown)}", help=f"choose from {', '.join(JOBS)}")
    return [JOBS[n] for n in wanted]
