"""Damage files and see that weft takes it in order.

    python -m tests.fuzz --minutes 60             an hour, from a seed that is printed
    python -m tests.fuzz --seed 7 --number 123    one victim again
    python -m tests.fuzz FILE …                   files again, such as what an earlier run has left in build/fuzz

Every victim goes the whole way (load, verify, print, interpret, compile, run) in a process of its own with 10 s and 2 GiB. A signal, a
hang, a want of memory, or any exception but WeftError is a fault. Exit status: 0 no fault, 1 faults, which lie in build/fuzz.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .corpus import Seeds, seeds
from .harness import Outcome, run
from .minimize import minimized

FOUND = Path("build") / "fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "little"))
    parser.add_argument("--number", type=int, help="only this victim")
    parser.add_argument("--keep", type=Path, default=FOUND, help="where faults are left, minimized")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weft-fuzz-cache-") as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        if arguments.files:
            return replay(arguments.files)
        return fuzz(seeds(), arguments.seed, arguments.number, arguments.minutes * 60, arguments.keep)


def replay(files: list[Path]) -> int:
    outcomes = {path: run(path.suffix[1:], path.read_bytes()) for path in files}
    for path, o in outcomes.items():
        print(f"{path}: {o.fault or o.code or 'fine'} (after {o.stage}, {o.seconds:.1f} s)\n{o.detail}".rstrip())
    return int(any(o.fault for o in outcomes.values()))


def fuzz(corpus: Seeds, seed: int, only: int | None, seconds: float, keep: Path) -> int:
    print(f"seed {seed}", flush=True)
    ends, codes, kinds, faults = Counter[str](), Counter[str](), Counter[str](), dict[str, Path]()
    start, number, slowest = time.monotonic(), only or 0, 0.0
    while only is not None or time.monotonic() - start < seconds:
        kind, data = corpus.victim(seed, number)
        o = run(kind, data)
        kinds[kind] += 1
        ends[o.stage if not o.fault else "fault"] += 1
        codes[o.code or "none"] += 1
        slowest = max(slowest, o.seconds)
        if o.fault and o.fault not in faults:
            faults[o.fault] = _kept(kind, data, o, keep, number)
            print(f"fault in victim {number} ({faults[o.fault]}): {o.fault}\n{o.detail}", flush=True)
        if only is not None:
            print(f"{kind}: {o.fault or o.code or 'fine'} after {o.stage}")
            break
        number += 1
        if number % 1000 == 0:
            print(f"{number} victims in {time.monotonic() - start:.0f} s", flush=True)
    taken = time.monotonic() - start
    print(f"{sum(kinds.values())} victims in {taken:.0f} s, seed {seed}: {dict(kinds.most_common())}")
    print(f"ended in: {dict(ends.most_common())}; slowest {slowest:.1f} s")
    print(f"errors: {dict(codes.most_common(40))}")
    print(f"{len(faults)} different faults, {ends['fault']} in all")
    for fault, path in faults.items():
        print(f"  {path}: {fault}")
    return int(bool(faults))


def _kept(kind: str, data: bytes, o: Outcome, folder: Path, number: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}.{kind}"
    path.write_bytes(data)
    small = minimized(kind, data, o.fault)
    path.write_bytes(small)
    path.with_suffix(f".{kind}.txt").write_text(f"{o.fault}\n{o.detail}\n")
    return path


if __name__ == "__main__":
    sys.exit(main())
