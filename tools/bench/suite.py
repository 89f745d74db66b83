"""Several models in one go, each with one thread and with two: `python -m weft.tools.bench.suite REPORT.json MODEL…`.

Peers are those that are installed, of ONNX Runtime and OpenVINO. The geometric mean is over the ratios to the faster of them.
"""

import json
import sys
from importlib.util import find_spec
from math import exp, log
from pathlib import Path

from ..cli import main as weft

PEERS = ("onnxruntime", "openvino")


def main(report: str, models: list[str]) -> None:
    """Measure, write the figures of every run to `report`, print the table."""
    peers = [name for name in PEERS if find_spec(name)]
    records: list[dict] = []
    for threads in (1, 2):
        for model in models:
            print(f"{Path(model).stem}, {threads} thread{'s' * (threads > 1)}", flush=True)
            figures = Path(report).with_suffix(".part.json")
            options = ["--threads", str(threads), "--json", str(figures)]
            if weft(["bench", model, *options, *(["--against", ",".join(peers)] if peers else [])]):
                raise SystemExit(1)
            records.append(json.loads(figures.read_text()))
            figures.unlink()
    Path(report).write_text(json.dumps(records, indent=2) + "\n")
    print("\n" + table(records, peers))


def table(records: list[dict], peers: list[str]) -> str:
    """A Markdown table: milliseconds of each runtime, ratio to the faster peer."""
    lines = ["| network | threads | weft | " + " | ".join(peers) + " | ratio |", "|---|---|---|" + "---|" * len(peers) + "---|"]
    for threads in sorted({r["threads"] for r in records}):
        ratios: list[float] = []
        for record in (r for r in records if r["threads"] == threads):
            by_name = {r["runtime"]: r for r in record["runtimes"]}
            times = [f"{by_name[name]['milliseconds']:.2f}" for name in ("weft", *peers)]
            best = min(by_name[name]["ratio"] for name in peers) if peers else 1.0
            ratios.append(best)
            lines.append(f"| {Path(record['model']).stem} | {threads} | {' | '.join(times)} | {best:.2f} |")
        mean = exp(sum(map(log, ratios)) / len(ratios))
        lines.append(f"| geometric mean | {threads} | | {' | '.join('' for _ in peers)} | {mean:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
