"""Batches, prefetching, progress."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from weft import WeftError, data
from weft import numpy as wnp


def test_batches_go_once_through_all_rows_in_an_order_of_the_seed_and_the_epoch() -> None:
    rows = {"x": np.arange(10), "y": wnp.asarray(np.arange(10) * 2)}
    feed = data.batches(rows, 4, seed=3, epoch=1, last=True)
    assert len(feed) == 3
    found = [b["x"] for b in feed]
    assert [len(b) for b in found] == [4, 4, 2]
    assert sorted(np.concatenate(found)) == list(range(10))
    assert all((b["y"] == 2 * b["x"]).all() for b in feed)
    again, other = (np.concatenate([b["x"] for b in data.batches(rows, 4, seed=3, epoch=n)]) for n in (1, 2))
    assert len(again) == 8
    assert (again == np.concatenate(found)[:8]).all()
    assert (again != other).any()
    np.testing.assert_array_equal(data.stacked(rows, 4, seed=3, epoch=1)["x"].reshape(-1), again)
    assert [b.tolist() for b in data.batches(np.arange(4), 2)] == [[0, 1], [2, 3]]
    with pytest.raises(WeftError, match="different numbers of rows: 2, 3"):
        data.batches((np.zeros(2), np.zeros(3)), 1)


def test_prefetching_keeps_order_and_hands_on_errors() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise KeyError("gone")

    feed = data.prefetch(items())
    assert [next(feed) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError, match="gone"):
        next(feed)


def test_the_thread_of_a_feed_that_is_left_ends() -> None:
    feed = data.prefetch(iter(range(1000)))
    assert next(feed) == 0
    feed.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while any(t.name == "weft-prefetch" for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(t.name == "weft-prefetch" for t in threading.enumerate())


def test_progress_passes_on_what_it_is_given() -> None:
    assert list(data.progress(range(3), "epoch")) == [0, 1, 2]
