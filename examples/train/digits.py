"""Handwritten digits as [n, 784] images: the 1,797 of UCI's optical recognition set, drawn on 28×28 and shifted to make 55,000 of them."""

from pathlib import Path

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]
ROWS, BATCH, UNSEEN = 55_000, 64, 360


def drawn(images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """8×8 intensities 0…16 three times as large, moved by (down, right) pixels of [-2, 2], as [n, 784] floats of [0, 1]."""
    large = np.kron(images, np.ones((1, 3, 3), images.dtype))
    found = np.zeros((len(images), 28, 28), np.float32)
    for (down, right), out, image in zip(shifts, found, large, strict=True):
        out[2 + down : 26 + down, 2 + right : 26 + right] = image / 16
    return found.reshape(-1, 784)


def load() -> tuple[Pair, Pair]:
    """(images, one-hot labels) to train on, and others that no training image was made of."""
    data = np.load(Path(__file__).with_name("digits.npz"))
    rng = np.random.default_rng(0)
    order = rng.permutation(len(data["images"]))
    images, labels = data["images"][order], np.eye(10, dtype=np.float32)[data["labels"][order]]
    chosen = rng.integers(UNSEEN, len(images), ROWS)
    train = drawn(images[chosen], rng.integers(-2, 3, (ROWS, 2))), labels[chosen]
    return train, (drawn(images[:UNSEEN], np.zeros((UNSEEN, 2), int)), labels[:UNSEEN])


def batches(data: Pair, epoch: int) -> Pair:
    """Shuffled batches along a first dim: [859, 64, 784] and [859, 64, 10]."""
    order = np.random.default_rng(epoch).permutation(len(data[0]))[: ROWS // BATCH * BATCH]
    x, y = (a[order].reshape(-1, BATCH, a.shape[1]) for a in data)
    return x, y
