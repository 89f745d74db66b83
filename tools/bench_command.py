"""Measure a model against other runtimes, side by side.

  weft bench model.onnx                                    weft alone
  weft bench model.onnx --against onnxruntime,openvino     with ratios
  weft bench model.onnx --against onnxruntime --threads 2 --json result.json
  weft bench train --against jax,torch                     training: a perceptron, a convolution net, a transformer

Every runtime runs in a process of its own with its default graph optimisation and the same number of threads. Results are compared with
the reference interpreter before any time counts; then rounds are interleaved, and a ratio is the median over the rounds of the other's
time over weft's: above 1, weft is faster. Training is measured per step, and losses are compared with those of float64 arithmetic.
Let the machine do nothing else meanwhile.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..compiler.driver import compile, with_shapes
from ..compiler.interpreter import evaluate
from ..compiler.ir.graph import Module
from ..frontends.load import load
from ..proto.errors import fail
from ..vm.pool import cpu_count
from .bench.harness import Measurement, Settings, measure
from .bench.runtimes import RUNTIMES
from .bench.train import RUNTIMES as TRAINERS
from .bench.train import chosen, measure_training
from .bench.train_jobs import JOBS
from .compile_command import add_compile_options, at_least, parse_limits, parse_shapes
from .console import progress
from .host_values import random_array, read_values

HELP = "measure a model against other runtimes"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    others = ", ".join(name for name in RUNTIMES if name != "weft")
    trainers = ", ".join(name for name in TRAINERS if name != "weft")
    parser.add_argument("model", help="the graph (.onnx, if it is to be compared), or `train`")
    parser.add_argument("--against", default="", metavar="RUNTIME,…", help=f"what to compare with: {others}; {trainers}")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE", help="inputs as for `weft run`; random otherwise")
    parser.add_argument("--job", default="", metavar="JOB,…", help=f"what to train (default: {','.join(JOBS)})")
    parser.add_argument("--threads", type=at_least(1), help="threads of every runtime (default: 1; to train, as many as there are CPUs)")
    parser.add_argument("--rounds", type=at_least(1), default=15, help="rounds (default: 15)")
    parser.add_argument("--seconds", type=float, default=0.2, help="seconds per round and runtime (default: 0.2)")
    parser.add_argument("--seed", type=at_least(0), default=0, help="seed of the random inputs")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file, single rounds included")
    add_compile_options(parser)


def execute(arguments: argparse.Namespace) -> int:
    """`weft bench`."""
    if arguments.model == "train":
        return _train(arguments)
    others = _others(arguments, RUNTIMES)
    if others and not arguments.model.endswith(".onnx"):
        raise fail("usage.against", f"only .onnx files can be compared, not {arguments.model}")
    if arguments.json:
        Path(arguments.json).touch()  # before the work, not after it
    with progress() as tell, tempfile.TemporaryDirectory() as folder:
        tell("compiling")
        shapes = parse_shapes(arguments.shape)
        module = load(arguments.model, limits=parse_limits(arguments.limit))
        module = with_shapes(module, shapes) if shapes else module
        inputs = bench_inputs(module, arguments)
        program = Path(folder) / "model.weftx"
        compile(module, arguments.cpu, arguments.precision).save(program)
        tell("running the reference interpreter")
        expected = evaluate(module, *inputs.values())
        models = {"weft": program, **dict.fromkeys(others, Path(arguments.model))}
        settings = Settings(arguments.threads or 1, arguments.rounds, arguments.seconds)
        results = measure(models, inputs, expected, settings, tell)
    print(table(results))
    if arguments.json:
        record = {"model": arguments.model, "threads": settings.threads, "runtimes": _figures(results)}
        Path(arguments.json).write_text(json.dumps(record, indent=2) + "\n")
    return 0


def _others(arguments: argparse.Namespace, known: Iterable[str]) -> list[str]:
    others = [name for name in arguments.against.split(",") if name]
    unknown = [name for name in others if name not in known or name == "weft"]
    if unknown:
        raise fail("usage.against", f"no runtime is called {', '.join(unknown)}", help=f"choose from {', '.join(known)}")
    return others


def _figures(results: list[Measurement]) -> list[dict[str, object]]:
    return [r.summary() | {"rounds": r.rounds} for r in results]


def _train(arguments: argparse.Namespace) -> int:
    """`weft bench train`."""
    others, jobs = _others(arguments, TRAINERS), chosen(arguments.job)
    settings = Settings(arguments.threads or cpu_count(), arguments.rounds, arguments.seconds)
    if arguments.json:
        Path(arguments.json).touch()
    records: list[dict[str, object]] = []
    for job in jobs:
        with progress() as tell:
            results = measure_training(job, ["weft", *others], settings, tell)
        print(f"{job.name}: {job.title}\n{table(results)}\n")
        records.append({"job": job.name, "threads": settings.threads, "runtimes": _figures(results)})
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


def table(results: list[Measurement]) -> str:
    """The figures as a table for people."""
    head = f"{'runtime':<24}{'ms':>10}{'10–90 %':>20}{'ratio':>8}{'load s':>9}{'first s':>9}{'peak MB':>9}{'error':>10}"
    rows = [
        f"{r.version:<24}{r.milliseconds:>10.3f}{f'{r.low:.3f} – {r.high:.3f}':>20}{r.ratio:>8.2f}"
        f"{r.load_seconds:>9.2f}{r.first_seconds:>9.2f}{r.peak_megabytes:>9.0f}{r.error:>10.1e}"
        for r in results
    ]
    return "\n".join([head, *rows])
