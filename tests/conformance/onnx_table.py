"""The stored results of the ONNX suite: what became of each case, and who did how much of the work."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from .onnx_share import Share

COMMAND = "make conformance"
_Work = dict[str, list[int]]  # nodes and bytes by op


@dataclass(frozen=True)
class Outcome:
    """What became of a case: `pass`, or what went wrong: the code of an error, `wrong` (results), `crash`, `timeout`, `skipped`.

    `operators` are the ones the case is there for, as `domain.Name`.
    """

    case: str
    result: str
    message: str = ""
    operators: tuple[str, ...] = ()
    share: Share = field(default_factory=Share)


@dataclass(frozen=True)
class Report:
    """Where results differ from the stored ones; false if nowhere."""

    worse: Sequence[str]
    better: Sequence[str]
    missing: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.worse or self.better or self.missing)

    def __str__(self) -> str:
        lines: list[str] = []
        if self.worse:
            lines.append(f"{len(self.worse)} cases that passed do not: {', '.join(self.worse)}")
        if self.better:
            lines.append(f"{len(self.better)} cases newly pass: store that with `{COMMAND}`: {', '.join(self.better)}")
        if self.missing:
            lines.append(f"{len(self.missing)} cases are not in the table: `{COMMAND}` stores them: {', '.join(self.missing)}")
        return "\n".join(lines) or "as stored"


@dataclass(frozen=True)
class Table:
    """Results by case; for each operator of ONNX how many of its cases pass, of how many; in the cases that pass, work of kernels and of
    host functions by op.
    """

    cases: dict[str, str]
    operators: dict[str, list[int]]
    kernels: _Work
    host: _Work

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> "Table":
        """The table of a run."""
        total, operators = Share(), dict[str, list[int]]()
        for o in outcomes:
            total.kernels += o.share.kernels
            total.host += o.share.host
            for operator in o.operators:
                count = operators.setdefault(operator, [0, 0])
                count[0] += o.result == "pass"
                count[1] += 1
        cases = {o.case: o.result for o in sorted(outcomes, key=lambda o: o.case)}
        return cls(cases, dict(sorted(operators.items())), _work(total.kernels), _work(total.host))

    @classmethod
    def read(cls, path: Path) -> "Table":
        """The stored table."""
        stored = json.loads(path.read_text())
        return cls(stored["cases"], stored["operators"], stored["kernels"], stored["host"])

    def write(self, path: Path) -> None:
        """Store it, a line for each case and op."""
        parts = [f'"{f.name}": {_lines(getattr(self, f.name))}' for f in fields(self)]
        path.write_text("{\n" + ",\n".join(parts) + "\n}\n")

    def differences(self, new: "Table") -> Report:
        """Where the cases of `new` differ. One that fails in another way than before does not count."""
        worse = [n for n, result in new.cases.items() if result != "pass" and self.cases.get(n) == "pass"]
        better = [n for n, result in new.cases.items() if result == "pass" and self.cases.get(n, "pass") != "pass"]
        return Report(worse, better, [n for n in new.cases if n not in self.cases])

    def shares(self) -> tuple[float, float]:
        """The share of kernels in numeric work, by nodes and by bytes."""
        kernels, host = _total(self.kernels), _total(self.host)
        nodes, size = (k / max(k + h, 1) for k, h in zip(kernels, host, strict=True))
        return nodes, size

    def ops(self) -> tuple[int, int]:
        """How many kinds of numeric ops ran, and how many of them in kernels alone."""
        return len({*self.kernels, *self.host}), len(self.kernels.keys() - self.host.keys())

    def summary(self) -> str:
        """The figures, for people."""
        passed = sum(r == "pass" for r in self.cases.values())
        nodes, size = self.shares()
        (kernel_nodes, kernel_bytes), (host_nodes, host_bytes) = _total(self.kernels), _total(self.host)
        ops, in_kernels = self.ops()
        lines = [
            f"{passed} of {len(self.cases)} cases pass, compiled",
            "with folding off, in kernels:",
            f"  {nodes:.2%} of {kernel_nodes + host_nodes} executed numeric nodes",
            f"  {size:.2%} of {kernel_bytes + host_bytes} bytes of their results",
            f"  {in_kernels} of {ops} ops",
        ]
        lines += [f"on the host: {name}, {nodes} nodes, {size} bytes" for name, (nodes, size) in self.host.items()]
        return "\n".join(lines)


def _work(counts: dict[tuple[str, str], int]) -> _Work:
    ops = sorted({op for op, _ in counts})
    return {op: [counts[op, "nodes"], counts[op, "bytes"]] for op in ops}


def _total(work: _Work) -> tuple[int, int]:
    return sum(n for n, _ in work.values()), sum(b for _, b in work.values())


def _lines(part: dict[str, str] | _Work) -> str:
    return "{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in part.items()) + "\n}"
