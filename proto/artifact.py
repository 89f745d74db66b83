"""`Program`: a compiled program as one object, saved to and opened from a `.weftx` file.

    weights = Weights()
    offset = weights.add(array)                       # 64-byte aligned; program.pb refers to constants by this offset
    program = Program(pb, {"x86-64-v3": CodeImage(image)}, weights)
    program.save("model.weftx")

    program = Program.open("model.weftx")             # digests over program.pb and code are checked here
    program.pb                                        # bytes of the program.proto message
    code = program.code["x86-64-v3"]                  # code.data: the image's bytes; code.file: (fd, offset) to map it from, or None
    program.weights.view(offset, np.dtype("f4"), (2, 3))   # read-only, 64-byte aligned, never copied from a file
    program.close()                                   # closes the file; arrays already taken stay valid

A compiler builds it and a VM runs it, from a file or straight from memory. Both treat the message as bytes here, so this module
does not depend on its schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from .container import PAGE, Buffer, Container, write_container
from .errors import fail
from .files import Path
from .limits import DEFAULT
from .weights import Weights

FORMAT = "weftx"
_MESSAGE, _CODE, _WEIGHTS = "program.pb", "code/", "weights.bin"


@dataclass(frozen=True, slots=True)
class CodeImage:
    """Position-independent machine code of one CPU level.

    `file` is (descriptor, page-aligned offset) if the image lies in an open file: map it read-execute from there; the program owns
    the descriptor. None if the image was just made in memory.
    """

    data: Buffer = field(repr=False)
    file: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A program.proto message, its code image per CPU level, and the memory its constants lie in."""

    pb: bytes = field(repr=False)
    code: Mapping[str, CodeImage]
    weights: Weights = field(repr=False)
    _container: Container | None = field(default=None, repr=False, compare=False)

    def save(self, path: Path) -> None:
        """Write a `.weftx`, replacing what was there at once and whole; WeftError `file.write`, `container.size`."""
        DEFAULT.check("metadata_bytes", len(self.pb), f"the program's message has {len(self.pb)} bytes", code="container.size")
        with write_container(path, FORMAT) as w:
            w.add(_MESSAGE, [self.pb])
            for level, image in self.code.items():
                w.add(_CODE + level, [image.data], align=PAGE)
            w.add(_WEIGHTS, self.weights.chunks(), align=PAGE)

    @classmethod
    def open(cls, path: Path) -> "Program":
        """Open a `.weftx`; message and code are verified, weights are mapped and not touched. WeftError `file.read`, `container.*`.

        A program is code, to be trusted like a shared library: the digests find damage, not malice.
        """
        container = Container(path, FORMAT)
        try:
            pb = container.read(_MESSAGE)
            code: dict[str, CodeImage] = {}
            for name in container.names:
                if name.startswith(_CODE):
                    container.verify(name)
                    code[name.removeprefix(_CODE)] = _mapped_image(container, name)
            weights = Weights.mapped(container.view(_WEIGHTS), container.loc)
        except BaseException:
            container.close()
            raise
        return cls(pb, code, weights, container)

    def verify(self) -> None:
        """Compare the weights with their digest, which reads them all; WeftError `container.digest`."""
        if self._container is not None:
            self._container.verify(_WEIGHTS)

    def close(self) -> None:
        """Close the file, if the program came from one. Views of weights stay valid."""
        if self._container is not None:
            self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _mapped_image(container: Container, name: str) -> CodeImage:
    fd, offset = container.place(name)
    if offset % PAGE:
        why = f"member {name!r} does not begin at a page"
        raise fail("container.alignment", why, loc=container.loc, help="it was repacked by another tool: compile it again")
    return CodeImage(container.view(name), (fd, offset))
