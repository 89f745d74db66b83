"""Saved files with damage: loading one gives a module or a program, or a `WeftError`; never anything else, and soon."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import weft
from weft.compiler.ir.graph import module
from weft.compiler.ir.text import to_text
from weft.compiler.verify import verify
from weft.proto.artifact import Program
from weft.proto.errors import WeftError
from weft.vm import VM

from ..fuzz.text import mutate_bytes
from .graphs import random_graph

GOLDEN = Path(__file__).parents[1] / "golden"
SECONDS_EACH = 5.0


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """`data` cut off, with bits flipped, bytes put in or taken out, or parts of itself or of another file moved in."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        data = mutate_bytes(data, others, rng)
    return data


def use(m: weft.Module) -> None:
    """What a caller does with a module that was read: verifying it must end in order, too."""
    verify(m)
    to_text(m)


def survives(path: Path, load: Callable[[Path], object], data: bytes) -> bool:
    """Whether a file loads; anything but success or a `WeftError`, in time, fails the test."""
    path.write_bytes(data)
    start = time.process_time()
    try:
        load(path)
        return True
    except WeftError:
        return False
    finally:
        taken = time.process_time() - start
        assert taken < SECONDS_EACH, f"{taken:.1f} s for {path} of {len(data)} bytes"


def graphs(count: int) -> list[weft.Module]:
    return [module(random_graph(seed, control=bool(seed % 2))[0]) for seed in range(count)]


def saved(folder: Path, kind: str, rng: random.Random) -> list[bytes]:
    """Files to damage."""
    if kind == "mlir":
        texts = [p.read_bytes() for p in sorted(GOLDEN.rglob("*.mlir"))]
        parts = [part.split(b"// =>")[0] for text in texts for part in text.split(b"// -----")]
        return rng.sample(parts, 40) + [to_text(m).encode() for m in graphs(6)]
    files: list[bytes] = []
    for k, m in enumerate(graphs(6)):
        path = folder / f"{k}.{kind}"
        if kind == "weft":
            weft.save(m, path)
        else:
            weft.compile(m).save(path)
        files.append(path.read_bytes())
    return files


def load_graph(path: Path) -> None:
    use(weft.load(path))


def load_program(path: Path) -> None:
    VM(threads=1).load(path, verify_weights=True)


LOADERS: dict[str, Callable[[Path], object]] = {"weft": load_graph, "mlir": load_graph, "weftx": load_program}


def fuzz(tmp_path: Path, kind: str, seed: int, seconds: float, most: int) -> int:
    """Damage files for a time; how many were read nevertheless."""
    rng, start, alive = random.Random(seed), time.monotonic(), 0
    files = saved(tmp_path, kind, rng)
    for _ in range(most):
        if time.monotonic() - start > seconds:
            break
        alive += survives(tmp_path / f"damaged.{kind}", LOADERS[kind], mutated(rng.choice(files), files, rng))
    return alive


@pytest.mark.parametrize("kind", LOADERS)
def test_damaged_files(kind: str, tmp_path: Path) -> None:
    fuzz(tmp_path, kind, 1, 8, 400)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 5))
@pytest.mark.parametrize("kind", LOADERS)
def test_damaged_files_at_length(kind: str, seed: int, tmp_path: Path) -> None:
    fuzz(tmp_path, kind, seed, 30, 1 << 20)


def contents(path: Path) -> tuple[bytes, ...]:
    with Program.open(path) as p:
        p.verify()
        return (p.pb, *(bytes(image.data) for image in p.code.values()))


def test_no_flipped_bit_of_a_program_gets_in(tmp_path: Path) -> None:
    """A file with another bit somewhere does not load, unless that bit means nothing: padding between the members."""
    path = tmp_path / "m.weftx"
    weft.compile(graphs(1)[0]).save(path)
    data, wanted, rng = path.read_bytes(), contents(path), random.Random(3)
    for at in rng.sample(range(len(data)), 300):
        damaged = bytearray(data)
        damaged[at] ^= 1 << rng.randrange(8)
        if survives(path, load_program, bytes(damaged)):
            assert contents(path) == wanted, f"byte {at} of {len(data)} was changed unseen"


def test_damaged_code_fails_its_digest(tmp_path: Path) -> None:
    program = weft.compile(graphs(1)[0])
    path = tmp_path / "m.weftx"
    program.save(path)
    (code,) = program.code.values()
    data = path.read_bytes()
    at = data.index(bytes(code.data[:64])) + len(code.data) // 2
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.raises(WeftError) as e:
        VM().load(path)
    assert e.value.code.startswith("container."), e.value.code
