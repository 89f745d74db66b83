"""Convolutions of dilated inputs (transposed convolutions), taken apart by which outputs meet which taps.

Of an input whose elements are d apart, an output reads only every d-th position. So outputs fall into d *phases* along each dim, and those
of one phase are an ordinary convolution of the undilated input with some of the taps.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """Outputs `at`, `at + d`, … along one dim: number t reads, by tap `first + i·step`, the input at `t·stride + offset + i·skip`."""

    at: int
    first: int
    count: int
    step: int
    offset: int
    skip: int

    @property
    def end(self) -> int:
        """The offset of the last tap."""
        return self.offset + (self.count - 1) * self.skip


def phases_of(taps: int, stride: int, low: int, dilation: int, input_dilation: int) -> tuple[Phase, ...]:
    """The phases along one dim, `low` being the padding before it; none if strides are dilated too, or if some outputs read nothing."""
    if stride != 1 and input_dilation != 1:
        return ()
    found: list[Phase] = []
    for at in range(input_dilation):
        places = [at + i * dilation - low for i in range(taps)]
        met = [i for i, place in enumerate(places) if place % input_dilation == 0]
        if not met:
            return ()
        step = met[1] - met[0] if len(met) > 1 else 1
        found.append(Phase(at, met[0], len(met), step, places[met[0]] // input_dilation, max(1, step * dilation // input_dilation)))
    return tuple(found)
