"""Batches, prefetching, progress."""

import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import weft
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


def test_a_feed_goes_on_where_a_checkpoint_was_made(tmp_path: Path) -> None:
    rows = np.arange(10)
    whole = [b.tolist() for b in data.feed(rows, 4, 3, seed=1, last=True)]
    assert len(whole) == 9
    assert whole[:3] == [b.tolist() for b in data.batches(rows, 4, seed=1, epoch=0, last=True)]
    for stop in range(10):
        first = data.feed(rows, 4, 3, seed=1, last=True)
        batches = iter(first)
        found = [next(batches).tolist() for _ in range(stop)]
        weft.save_state(tmp_path / "run.ckpt", {"feed": first.state})
        second = data.feed(rows, 4, 3, seed=1, last=True)
        second.state = weft.load_state(tmp_path / "run.ckpt", {"feed": second.state})["feed"]
        assert found + [b.tolist() for b in second] == whole
    numbered = data.feed(rows, 4, 2, seed=1)
    states = [s for s, _ in data.prefetch(numbered.numbered(), 3)]
    assert states == [{"epoch": 0, "batch": 1}, {"epoch": 1, "batch": 0}, {"epoch": 1, "batch": 1}, {"epoch": 2, "batch": 0}]
    with pytest.raises(WeftError, match="has `epoch` and `batch`"):
        numbered.state = {"epoch": 1}


def test_threads_map_in_order_and_hand_on_errors() -> None:
    def slow(n: int) -> int:
        time.sleep(0.001 * (5 - n % 5))
        if n == 12:
            raise KeyError(n)
        return n * n

    found = data.parallel(slow, range(20), workers=3)
    assert [next(found) for _ in range(12)] == [n * n for n in range(12)]
    with pytest.raises(KeyError):
        next(found)


def test_progress_is_drawn_on_terminals() -> None:
    pytest.importorskip("rich")
    terminal, end = pty.openpty()
    script = "from weft import data; print(sum(data.progress(range(50), 'training')))"
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=end, check=True, timeout=60)
    os.close(end)
    assert done.stdout.strip() == b"1225"
    drawn = os.read(terminal, 1 << 16).decode(errors="replace")
    os.close(terminal)
    assert "training" in drawn
    assert "100%" in drawn
