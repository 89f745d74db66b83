"""Chunks of convolutions: of whole tiles, and shared evenly where they are few."""

import pytest
from weft.compiler.codegen.cpu.chunks import balanced, pointwise_chunk


def test_balanced_parts_are_about_equal() -> None:
    assert [balanced(49, 42, 1), balanced(784, 224, 14), balanced(16, 13, 2), balanced(3, 100, 2)] == [25, 196, 8, 3]


@pytest.mark.parametrize(
    ("pixels", "channels", "least", "most"),
    [
        (196, (576, 96), 4, 16),  # 3 chunks of two blocks would leave a thread idle for a third of the time
        (169, (48, 192), 2, 4),  # one thread's work so far
        (169, (64, 256), 2, 8),
        (49, (2048, 512), 16, 16),  # enough
        (9, (16, 32), 1, 1),  # not worth sharing
    ],
)
def test_few_pointwise_chunks_come_out_even(pixels: int, channels: tuple[int, int], least: int, most: int) -> None:
    work, blocks = channels[0] * 16, channels[1] // 16
    size, group = pointwise_chunk(1, (pixels, balanced(pixels, 224, 14), 14), (blocks, (1 << 21) // (pixels * work), 2), work)
    assert size == pixels or size % 14 == 0
    assert group == blocks or group % 2 == 0
    parts = -(-pixels // size), -(-blocks // group)
    chunks = parts[0] * parts[1]
    assert least <= chunks <= most and (chunks == 1 or chunks % 2 == 0)
    assert pointwise_chunk(64, (pixels, pixels, 14), (blocks, blocks, 2), work) == (pixels, blocks)
