"""What was measured, as tables for people and as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .harness import Measurement, Settings
from .statistics import geometric_mean


@dataclass(frozen=True, slots=True)
class Record:
    """One model with one number of threads: what every runtime took, weft first."""

    model: str
    settings: Settings
    tolerance: float
    runtimes: list[Measurement]

    @property
    def name(self) -> str:
        """The model's file without folder and extension."""
        return Path(self.model).stem

    @property
    def best(self) -> Measurement | None:
        """The fastest of the others."""
        return min(self.runtimes[1:], key=lambda r: r.ratio, default=None)

    def facts(self) -> dict[str, object]:
        """Everything, as JSON holds it."""
        runtimes = [r.facts() for r in self.runtimes]
        return {"model": self.model, "threads": self.settings.threads, "tolerance": self.tolerance, "runtimes": runtimes}


def table(results: Sequence[Measurement]) -> str:
    """The figures of one model."""
    head = f"{'runtime':<24}{'ms':>10}{'10–90 %':>20}{'ratio':>8}{'95 %':>14}{'load s':>9}{'first s':>9}{'peak MB':>9}{'error':>10}"
    rows = [
        f"{r.version:<24}{r.milliseconds:>10.3f}{f'{r.low:.3f} – {r.high:.3f}':>20}{r.ratio:>8.2f}"
        f"{f'{r.ratio_low:.2f} – {r.ratio_high:.2f}' if n else '':>14}"
        f"{r.load_seconds:>9.2f}{r.first_seconds:>9.2f}{r.peak_megabytes:>9.0f}{r.error:>10.1e}"
        for n, r in enumerate(results)
    ]
    return "\n".join([head, *rows])


def summary(records: Sequence[Record]) -> str:
    """All models as a Markdown table: milliseconds of each runtime, the ratio to the faster of the others, its interval."""
    peers = [r.runtime for r in records[0].runtimes[1:]]
    names = ["weft", *peers]
    rows = [["network", "threads", *names, "ratio", "95 %", "MB"], ["---"] * (len(names) + 5)]
    for threads in _thread_counts(records):
        mine = [r for r in records if r.settings.threads == threads]
        for record in mine:
            best, memory = record.best, " · ".join(f"{r.peak_megabytes:.0f}" for r in record.runtimes)
            times = [f"{r.milliseconds:.3g}" for r in record.runtimes]
            ratio = [f"{best.ratio:.2f}", f"{best.ratio_low:.2f} – {best.ratio_high:.2f}"] if best else ["", ""]
            rows.append([record.name, str(threads), *times, *ratio, memory])
        if peers:
            rows.append(["geometric mean", str(threads), *[""] * len(names), f"{mean_ratio(mine):.2f}", "", ""])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def mean_ratio(records: Sequence[Record]) -> float:
    """The geometric mean of the ratios to the faster of the others."""
    return geometric_mean([r.best.ratio for r in records if r.best])


def _thread_counts(records: Sequence[Record]) -> list[int]:
    return list(dict.fromkeys(r.settings.threads for r in records))


def as_json(records: Sequence[Record]) -> str:
    """The records with single rounds, the settings and the machine."""
    means = {str(n): mean_ratio([r for r in records if r.settings.threads == n]) for n in _thread_counts(records)}
    whole = {
        "machine": machine(),
        "settings": {k: v for k, v in asdict(records[0].settings).items() if k != "threads"},
        "geometric_means": means,
        "results": [r.facts() for r in records],
    }
    return json.dumps(whole, indent=2) + "\n"


def machine() -> dict[str, object]:
    """Where it was measured."""
    model = ""
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cpus = len(os.sched_getaffinity(0))
    return {"cpu": model or platform.machine(), "cpus": cpus, "system": platform.platform(), "python": platform.python_version()}
