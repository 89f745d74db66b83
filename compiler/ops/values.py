"""What values are while the reference interpreter runs: arrays, tokens, tuples, and host values: lists, dicts, None."""

import numpy as np


class Token:
    """The value of every token."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "token"


TOKEN = Token()


class Tuple(tuple["Data", ...]):
    """A value of tuple type; several results of an op are a plain tuple instead."""

    __slots__ = ()


Data = np.ndarray | Token | Tuple | list["Data"] | dict[int | str, "Data"] | None
