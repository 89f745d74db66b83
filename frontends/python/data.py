"""Input pipelines out of plain iterators: shuffled batches, epochs that can be gone on with, work done ahead in threads, a progress bar.

    feed = weft.data.feed((images, labels), 64, epochs=20, seed=0)
    ahead = weft.data.prefetch(weft.data.parallel(augment, feed))
    for x, y in weft.data.progress(ahead, "training", total=20 * 859):
        params, loss = step(params, x, y)

Batches are trees of numpy arrays, as every other iterator of them is: grain's loaders, memory-mapped files, generators. Data in memory
need no pipeline at all: `stacked` gives a whole epoch to `weft.scan`.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import numpy as np

from ...proto.errors import check
from .pytree import flatten, tree_map
from .tensor import Tensor

__all__ = [
    "Batches", "batches", "prefetch", "progress", "stacked",
]  # fmt: skip

T = TypeVar("T")
S = TypeVar("S")


class Batches:
    """The rows of `data` in batches; `len()` says how many, and every iteration is the same. See `batches`."""

    def __init__(self, data: Any, order: np.ndarray, size: int, last: bool) -> None:
        self._data, self._order, self._size = data, order, size
        self._count = -(-len(order) // size) if last else len(order) // size

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        for n in range(self._count):
            rows = self._order[n * self._size : (n + 1) * self._size]
            yield tree_map(lambda a, rows=rows: a[rows], self._data)


def batches(data: Any, size: int, *, seed: int | None = None, epoch: int = 0, last: bool = False) -> Batches:
    """Batches of `size` along the first dim of the arrays in the tree `data`, in an order that `seed` and `epoch` determine.

    Without a seed the rows keep their order. A last batch that is smaller comes with `last` alone: compiled functions are traced again
    for it. Raises `WeftError` `data.rows` if the arrays have no rows, or different numbers of them.
    """
    arrays = tree_map(lambda a: np.asarray(a.array if isinstance(a, Tensor) else a), data)
    return Batches(arrays, _order(arrays, size, seed, epoch), size, last)


class Feed:
    """The batches of several epochs, each in an order of its own, from where `state` says. See `feed`."""

    def __init__(self, data: Any, size: int, epochs: int, seed: int | None, last: bool) -> None:
        self._data, self._size, self._epochs, self._seed, self._last = data, size, epochs, seed, last
        self._at = (0, 0)

    @property
    def state(self) -> dict[str, int]:
        """Which batch comes next: numbers for a checkpoint."""
        return {"epoch": self._at[0], "batch": self._at[1]}

    @state.setter
    def state(self, found: dict[str, int]) -> None:
        check(
            set(found) == {"epoch", "batch"},
            "data.state",
            f"the state of a feed has `epoch` and `batch`, this one {', '.join(found) or 'nothing'}",
        )
        self._at = (int(found["epoch"]), int(found["batch"]))

    def __iter__(self) -> Iterator[Any]:
        return (batch for _, batch in self.numbered())

    def numbered(self) -> Iterator[tuple[dict[str, int], Any]]:
        """With every batch the state after it: what is to be saved where `prefetch` has gone ahead."""
        while self._at[0] < self._epochs:
            epoch, first = self._at
            rows = batches(self._data, self._size, seed=self._seed, epoch=epoch, last=self._last)
            for n, batch in enumerate(rows):
                if n >= first:
                    self._at = (epoch, n + 1) if n + 1 < len(rows) else (epoch + 1, 0)
                    yield self.state, batch
            if self._at == (epoch, first):  # no batch was left in this epoch
                self._at = (epoch + 1, 0)


def feed(data: Any, size: int, epochs: int, *, seed: int | None = None, last: bool = False) -> Feed:
    """The `batches` of `epochs` epochs, which can be left and gone on with.

    `feed.state` is a tree of numbers that belongs into the checkpoint; a feed of the same data and seed to which it is assigned goes on
    with the batch that comes next. Raises `WeftError` `data.rows`, `data.size`, `data.state`.
    """
    return Feed(data, size, epochs, seed, last)


def parallel(f: Callable[[T], S], items: Iterable[T], workers: int = 2) -> Iterator[S]:
    """`f` of every item, in their order, computed by as many threads; at most twice as many items are under way.

    What `f` raises is raised here, in its place. numpy and Pillow let go of the interpreter, Python code does not.
    """
    check(workers > 0, "data.workers", f"{workers} workers")
    with ThreadPoolExecutor(workers, "weft-map") as pool:
        running: deque[Future[S]] = deque()
        for item in items:
            running.append(pool.submit(f, item))
            if len(running) >= 2 * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def stacked(data: Any, size: int, *, seed: int | None = None, epoch: int = 0) -> Any:
    """All full batches of an epoch as one tree, the batches along a new first dim: what `weft.scan` goes through in one program."""
    found = batches(data, size, seed=seed, epoch=epoch)
    rows = _order(data, size, seed, epoch)[: len(found) * size]
    return tree_map(lambda a: np.asarray(a)[rows].reshape(len(found), size, *a.shape[1:]), data)


def _order(data: Any, size: int, seed: int | None, epoch: int) -> np.ndarray:
    counts = {len(a) if a.ndim else 0 for a in flatten(data)[0]}
    check(size > 0, "data.size", f"batches of {size} rows")
    check(len(counts) == 1, "data.rows", f"the arrays have different numbers of rows: {', '.join(map(str, sorted(counts)))}")
    (count,) = counts
    return np.arange(count) if seed is None else np.random.default_rng((seed, epoch)).permutation(count)


def prefetch(items: Iterable[T], ahead: int = 2) -> Iterator[T]:
    """The same items, of which up to `ahead` are made by a thread while the one before is used.

    What `items` raises is raised here, in its place. The thread ends with the iterator.
    """
    queue: Queue[tuple[bool, Any]] = Queue(ahead)
    ended = Event()

    def put(entry: tuple[bool, Any]) -> bool:
        while not ended.is_set():
            try:
                queue.put(entry, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as error:  # noqa: BLE001 - handed on, whatever it is
            put((False, error))

    Thread(target=work, daemon=True, name="weft-prefetch").start()
    try:
        while True:
            more, item = queue.get()
            if more:
                yield item
            elif item is None:
                return
            else:
                raise item
    finally:
        ended.set()


def progress(items: Iterable[T], text: str = "", total: int | None = None) -> Iterator[T]:
    """The same items, with a bar on stderr if that is a terminal and rich is there (`weft[cli]`)."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, text, total or (len(items) if hasattr(items, "__len__") else None), console=Console(stderr=True))  # type: ignore[arg-type]
