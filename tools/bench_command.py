"""Measure models against other runtimes, side by side.

  weft bench model.onnx                                     weft alone
  weft bench model.onnx --against onnxruntime,openvino      with ratios
  weft bench *.onnx --against all --threads 1,2 --json report.json --plot report.svg
  weft bench train --against jax,torch                      training: a perceptron, a convolution net, a transformer
  weft bench kernels --against numpy,torch                  kernels one by one, and the share of a copy's speed that each reaches

Every runtime runs in a process of its own with its default graph optimisation and the same number of threads. Before any time counts,
results are compared with the model in double precision: f32 may be off by 1e-4 of the output's range, f16 by 2e-2, bf16 by 5e-2. Models
whose weights are all one number are refused, as nothing can be seen in their results.

Then rounds are interleaved: each runtime runs the model for a while, then the next one. A ratio is the median over the rounds of the
other's time over weft's in the same round: above 1, weft is faster. The 95 % interval beside it says how sure that is; rounds go on until
it is 3 % wide, or to 60 of them. `load s` is from before the runtime is imported until the model is loaded, `first s` the first run,
`peak MB` the most memory of the process. Let the machine do nothing else meanwhile.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..compiler.driver import compile, with_shapes
from ..compiler.ir.graph import Module
from ..frontends.load import load
from ..proto.errors import fail
from ..vm.pool import cpu_count
from .bench.chart import chart
from .bench.harness import Settings, measure
from .bench.kernels import PEERS, SIZES, kernel_table, measure_kernels, select
from .bench.reference import expected_results, refuse_constant_weights, tolerance_of
from .bench.report import Record, as_json, summary, table
from .bench.runtimes import RUNTIMES, limit_threads
from .bench.train import RUNTIMES as TRAINERS
from .bench.train import chosen, measure_training
from .bench.train_jobs import JOBS
from .compile_command import add_compile_options, at_least, parse_limits, parse_shapes
from .console import Progress, progress
from .host_values import random_array, read_values

HELP = "measure models against other runtimes"
_MOST_ROUNDS = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    others = ", ".join(name for name in RUNTIMES if name != "weft")
    trainers = ", ".join(name for name in TRAINERS if name != "weft")
    parser.add_argument("models", nargs="+", metavar="MODEL", help="graphs (.onnx, if they are to be compared), `train` or `kernels`")
    parser.add_argument(
        "--against", default="", metavar="RUNTIME,…", help=f"what to compare with: {others}; {trainers}; `all` that are installed"
    )
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE", help="inputs as for `weft run`; random otherwise")
    parser.add_argument("--job", default="", metavar="JOB,…", help=f"what to train (default: {','.join(JOBS)})")
    parser.add_argument("--kernel", default="", metavar="WORD,…", help="which kernels: those with a word in kind or name (default: all)")
    parser.add_argument(
        "--size", default=",".join(SIZES), metavar="SIZE,…", help=f"how much data kernels work on (default: {','.join(SIZES)})"
    )
    parser.add_argument(
        "--threads", type=_counts, metavar="N,…", help="threads of every runtime, one after the other (default: 1; to train, all CPUs)"
    )
    parser.add_argument("--rounds", type=at_least(1), help="rounds (default: at least 15, and until ratios are known to 3 %%)")
    parser.add_argument("--seconds", type=float, default=0.2, help="seconds per round and runtime (default: 0.2)")
    parser.add_argument("--seed", type=at_least(0), default=0, help="seed of the random inputs")
    parser.add_argument("--allow-constant", action="store_true", help="measure models with constant weights, too")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file, single rounds included")
    parser.add_argument("--plot", metavar="FILE.svg", help="draw the ratios")
    add_compile_options(parser)


def _counts(text: str) -> tuple[int, ...]:
    """`1,2` as numbers, for argparse."""
    return tuple(map(at_least(1), text.split(",")))


def execute(arguments: argparse.Namespace) -> int:
    """`weft bench`."""
    if arguments.plot and not arguments.plot.endswith(".svg"):
        raise fail("usage.plot", f"a plot is an .svg, not {arguments.plot!r}")
    for path in (arguments.json, arguments.plot):
        if path:
            Path(path).touch()  # before the work, not after it
    if arguments.models == ["kernels"]:
        return _kernels(arguments)
    if arguments.models == ["train"]:
        return _train(arguments)
    others = _others(arguments, RUNTIMES)
    foreign = [m for m in arguments.models if not m.endswith(".onnx")]
    if others and foreign:
        raise fail("usage.against", f"only .onnx files can be compared, not {foreign[0]}")
    records: list[Record] = []
    with progress() as tell:
        for model in arguments.models:
            for record in _measured(model, others, arguments, tell):
                tell.clear()
                print(
                    f"{record.name}, {record.settings.threads} thread{'s' * (record.settings.threads > 1)}\n{table(record.runtimes)}\n",
                    flush=True,
                )
                records.append(record)
                _write(records, arguments)
    if len(records) > 1:
        print(summary(records))
    return 0


def _measured(model: str, others: list[str], arguments: argparse.Namespace, tell: Progress) -> Iterable[Record]:
    """A model with each number of threads."""
    name = Path(model).stem
    shapes = parse_shapes(arguments.shape)
    tell(f"{name}: compiling")
    module = load(model, limits=parse_limits(arguments.limit))
    module = with_shapes(module, shapes) if shapes else module
    if not arguments.allow_constant:
        refuse_constant_weights(module)
    inputs = bench_inputs(module, arguments)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "model.weftx"
        compile(module, arguments.cpu, arguments.precision).save(program)
        tell(f"{name}: computing in double precision")
        expected, tolerance = expected_results(module, inputs), tolerance_of(module)
        del module
        models = {"weft": program, **dict.fromkeys(others, Path(model))}
        for threads in arguments.threads or (1,):
            settings = _settings(arguments, threads)
            results = measure(models, inputs, expected, tolerance, settings, lambda text: tell(f"{name}: {text}"))
            yield Record(model, settings, tolerance, results)


def _settings(arguments: argparse.Namespace, threads: int) -> Settings:
    if arguments.rounds:
        return Settings(threads, arguments.rounds, arguments.rounds, round_seconds=arguments.seconds)
    return Settings(threads, most_rounds=_MOST_ROUNDS, round_seconds=arguments.seconds)


def _write(records: list[Record], arguments: argparse.Namespace) -> None:
    """Write what is known so far: a long measurement that is interrupted leaves what it had."""
    if arguments.json:
        Path(arguments.json).write_text(as_json(records))
    if arguments.plot:
        Path(arguments.plot).write_text(chart(records))


def _others(arguments: argparse.Namespace, known: Iterable[str]) -> list[str]:
    """The runtimes to compare with. WeftError `usage.against` for a name that is none, `bench.missing` for one that is not installed."""
    known = [name for name in known if name != "weft"]
    if arguments.against == "all":
        missing = [name for name in known if not find_spec(name)]
        if missing:
            print(f"not installed, so not compared with: {', '.join(missing)}", file=sys.stderr)
        return [name for name in known if name not in missing]
    others = [name for name in arguments.against.split(",") if name]
    unknown = [name for name in others if name not in known]
    if unknown:
        raise fail("usage.against", f"no runtime is called {', '.join(unknown)}", help=f"choose from weft, {', '.join(known)}")
    missing = [name for name in others if not find_spec(name)]
    if missing:
        raise fail("bench.missing", f"{', '.join(missing)} is not installed", help=f"pip install {' '.join(missing)}")
    return others


def _train(arguments: argparse.Namespace) -> int:
    """`weft bench train`."""
    others, jobs = _others(arguments, TRAINERS), chosen(arguments.job)
    records: list[dict[str, object]] = []
    for job in jobs:
        for threads in arguments.threads or (cpu_count(),):
            settings = _settings(arguments, threads)
            with progress() as tell:
                results = measure_training(job, ["weft", *others], settings, tell)
            print(f"{job.name}: {job.title}\n{table(results)}\n")
            records.append({"job": job.name, "threads": threads, "runtimes": [r.facts() for r in results]})
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(records, indent=2) + "\n")
    return 0


def _kernels(arguments: argparse.Namespace) -> int:
    """`weft bench kernels`."""
    sizes = arguments.size.split(",")
    unknown = [s for s in sizes if s not in SIZES]
    if unknown:
        raise fail("usage.size", f"no size is called {', '.join(unknown)}", help=f"choose from {', '.join(SIZES)}")
    peers = _others(arguments, PEERS)
    records: list[dict[str, object]] = []
    for threads in arguments.threads or (1,):
        limit_threads(threads)
        with progress() as tell:
            figures = measure_kernels(arguments.cpu, select(arguments.kernel), sizes, peers, threads, tell)
        print(kernel_table(figures, peers))
        records.append({"threads": threads, "kernels": [asdict(f) for f in figures]})
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(records, indent=2) + "\n")
    return 0


def bench_inputs(module: Module, arguments: argparse.Namespace) -> dict[str, np.ndarray]:
    """The inputs of the main function: from files, else random; dims that are still open are 1."""
    rng = np.random.default_rng(arguments.seed)
    given = read_values(arguments.input)
    inputs: dict[str, np.ndarray] = {}
    for name, p in zip(module.main.param_names, module.main.params, strict=True):
        shape = tuple(d if isinstance(d, int) else 1 for d in p.tensor.shape)
        inputs[name] = given[name] if name in given else random_array(shape, p.dtype.numpy, rng)
    return inputs
