"""The pipeline: from an imported module to one whose every node has a kernel. Read it from top to bottom."""

from collections.abc import Callable, Sequence

from ..proto.errors import InternalError
from .ir.graph import Module
from .passes import (
    Context,
    Pass,
    block_layout,
    canonicalize,
    canonicalize_contractions,
    cse,
    dce,
    drop_private,
    fold_constants,
    fuse,
    inline_calls,
    sink_reshapes,
    use_winograd,
)
from .verify import verify

PIPELINE: Sequence[Pass] = (
    inline_calls,  # before anything else: no later pass looks through calls
    drop_private,
    canonicalize,
    fold_constants,
    cse,
    canonicalize,  # folding made new splats and constant branches
    block_layout,  # before products are canonical: convolutions decide the layout of what is around them
    use_winograd,
    canonicalize_contractions,
    fold_constants,  # packs and transforms weights
    sink_reshapes,  # products now have canonical ranks; their reshapes move below the epilogues
    cse,
    dce,
    fuse,
)

Observer = Callable[[Pass, Module, float], None]


def run_pipeline(
    module: Module,
    context: Context,
    *,
    until: str | None = None,
    observe: Observer | None = None,
    check: bool = False,
    passes: Sequence[Pass] = PIPELINE,
) -> Module:
    """Run the passes in order, up to and including the last one called `until`.

    `observe` is called after each pass with the pass, the module and the seconds it took. With `check`, the module is verified after
    each pass; a violation is a bug of the pass (`InternalError`).
    """
    from time import perf_counter

    last = max((i for i, p in enumerate(passes) if p.name == until), default=len(passes) - 1)
    for p in passes[: last + 1]:
        start = perf_counter()
        module = p(module, context)
        if check:
            _verify_after(p, module)
        if observe:
            observe(p, module, perf_counter() - start)
    return module


def _verify_after(p: Pass, module: Module) -> None:
    from ..proto.errors import WeftError

    try:
        verify(module)
    except WeftError as error:
        raise InternalError(f"the graph is invalid after the pass {p.name}:\n{error}") from error
