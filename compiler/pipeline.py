"""The pipeline: from an imported module to one whose every node has a kernel. Read it from top to bottom."""

from collections.abc import Callable, Sequence
from time import perf_counter

from ..proto.errors import InternalError, WeftError
from .ir.graph import Module
from .passes import (
    Context,
    Pass,
    block_layout,
    canonicalize,
    canonicalize_contractions,
    cse,
    dce,
    decompose,
    drop_private,
    flatten_tuples,
    fold_constants,
    fuse,
    inline_calls,
    outline,
    place,
    quantized_convolutions,
    quantized_products,
    resolve_dims,
    sink_reshapes,
    sliced_products,
    split_reductions,
    use_winograd,
)
from .stages import FUSED, INLINED, OUTLINED, Stage
from .verify import verify

Step = tuple[Pass, Stage]

PIPELINE: Sequence[Step] = (
    # pass                     leaves the graph in
    (inline_calls,              INLINED),  # before anything else: no later pass looks through calls
    (drop_private,              INLINED),
    (decompose,                 INLINED),  # no later pass knows the ops that are made of others
    (flatten_tuples,            INLINED),  # no kernel and no caller has tuples
    (canonicalize,              INLINED),
    (quantized_convolutions,    INLINED),
    (quantized_products,        INLINED),  # before folding, which would make floats of quantised weights
    (fold_constants,            INLINED),
    (resolve_dims,              INLINED),  # sizes that folding has made known
    (cse,                       INLINED),
    (canonicalize,              INLINED),  # folding made new splats and constant branches
    (place,                     INLINED),  # nothing later moves nodes between devices
    (outline,                   OUTLINED),  # from here on, functions are either native or driver
    (block_layout,              OUTLINED),  # before products are canonical: convolutions decide the layout of what is around them
    (use_winograd,              OUTLINED),
    (canonicalize_contractions, OUTLINED),
    (fold_constants,            OUTLINED),  # packs and transforms weights
    (sink_reshapes,             OUTLINED),  # products have canonical ranks; their reshapes move below the epilogues
    (split_reductions,          OUTLINED),  # whatever else reductions were recognised by is done
    (sliced_products,           OUTLINED),
    (cse,                       OUTLINED),
    (dce,                       OUTLINED),
    (fuse,                      FUSED),
)  # fmt: skip

Observer = Callable[[Pass, Module, float], None]


def run_pipeline(
    module: Module,
    context: Context,
    *,
    until: str | None = None,
    observe: Observer | None = None,
    check: bool = False,
    steps: Sequence[Step] = PIPELINE,
) -> Module:
    """Run the passes in order, up to and including the last one called `until`.

    `observe` is called after each pass with the pass, the module and the seconds it took. With `check`, the module is verified after
    each pass; a violation is a bug of the pass (`InternalError`). Raises `WeftError` with every node that keeps the graph from the stage
    it should have reached, such as ops that have no kernel.
    """
    last = max((i for i, (p, _) in enumerate(steps) if p.name == until), default=len(steps) - 1)
    for p, stage in steps[: last + 1]:
        start = perf_counter()
        module = p(module, context)
        if check:
            _verify_after(p, module)
        strays = stage.strays(module)
        if strays:
            raise WeftError(*strays)
        if observe:
            observe(p, module, perf_counter() - start)
    return module


def _verify_after(p: Pass, module: Module) -> None:
    try:
        verify(module)
    except WeftError as error:
        raise InternalError(f"the graph is invalid after the pass {p.name}:\n{error}") from error
