"""A call from Python as LLVM IR: `weft_call` of `vm/native_abi.py`, which says what it may assume and what it leaves to Python.

References: arguments are the caller's, who holds them until we return. We own the variant and the frame while we use them, since
another thread may take either from its list as soon as the GIL is given up, and the results until they are returned. A function
that returns null has set a Python exception, and so do we then.
"""

from collections.abc import Sequence

from ...vm import native_abi as abi
from .lltypes import Val, const
from .writer import Module, Writer

_NULL = const("ptr", 0)
_SLOT_FRAME, _SLOT_STOP, _SLOTS = 0, 1, 2  # arguments of RESUME: then inputs and outputs


def write_call(module: Module) -> None:
    """Adds `weft_call` to the module that defines `weft_run`."""
    _write_fits(module)
    _write_find(module)
    _write_apart(module)
    _write_allocate(module)
    _write_run(module)
    _write_resume(module)
    _write_invoke(module)
    _write_call(module)


def _get(w: Writer, base: Val, offset: int | Val, type_: str = "ptr") -> Val:
    return w.load(type_, w.offset(base, offset), align=4 if type_ == "i32" else 8)


def _api(w: Writer, api: Val, name: str, result: str, arguments: Sequence[Val]) -> Val:
    """Calls a function of CPython or numpy."""
    return w.call_pointer(_get(w, api, abi.API[name]), result, list(arguments))


def _api_void(w: Writer, api: Val, name: str, *arguments: Val) -> None:
    function = _get(w, api, abi.API[name])
    w.line(f"call void {function.ref}({', '.join(map(str, arguments))})")


def _field(w: Writer, api: Val, obj: Val, name: str, type_: str = "ptr") -> Val:
    """A field of an object, at the offset that `api` gives for it."""
    return _get(w, obj, _get(w, api, abi.API[name], "i64"), type_)


def _item(w: Writer, array: Val, index: Val | int) -> Val:
    return w.load("ptr", w.gep("ptr", array, index), align=8)


def _port(w: Writer, variant: Val, index: Val) -> Val:
    return w.offset(variant, w.add(w.mul(index, 8 * abi.PORT_WORDS), 8 * abi.VARIANT_WORDS))


def _return_unless(w: Writer, cond: Val, value: Val | int) -> None:
    with w.when(w.not_(cond)):
        w.ret(value)


# -- which variant --------------------------------------------------------------------------------------------------------------


def _write_fits(module: Module) -> None:
    """i64 fits(api, port, array): whether an argument can be read as it is; 1 or 0."""
    w = module.function("call_fits", "i64", ["ptr", "ptr", "ptr"], internal=True)
    api, port, array = w.params
    # Its type first: nothing else is known to be there in another object.
    _return_unless(w, w.icmp("eq", _field(w, api, array, "type_at"), _get(w, api, abi.API["ndarray"])), 0)
    _return_unless(w, w.icmp("eq", _field(w, api, array, "dtype_at"), _get(w, port, abi.PORT_DTYPE)), 0)
    wanted_flags = w.trunc(_get(w, port, abi.PORT_FLAGS, "i64"), "i32")
    flags = w.and_(_field(w, api, array, "flags_at", "i32"), wanted_flags)
    _return_unless(w, w.icmp("eq", flags, wanted_flags), 0)
    rank = _get(w, port, abi.PORT_RANK, "i64")
    _return_unless(w, w.icmp("eq", w.sext(_field(w, api, array, "rank_at", "i32"), "i64"), rank), 0)
    dims, wanted = _field(w, api, array, "dims_at"), _get(w, port, abi.PORT_DIMS)
    with w.loop(rank) as i:
        size, expected = (w.load("i64", w.gep("i64", p, i)) for p in (dims, wanted))
        _return_unless(w, w.icmp("eq", size, expected), 0)
    w.ret(1)


def _write_find(module: Module) -> None:
    """ptr find(table, args): the variant that takes all of `args`, borrowed, or null."""
    w = module.function("call_find", "ptr", ["ptr", "ptr"], internal=True)
    table, args = w.params
    api, variants, inputs = _get(w, table, abi.TABLE_API), _get(w, table, abi.TABLE_VARIANTS), _get(w, table, abi.TABLE_INPUTS, "i64")
    with w.loop(_api(w, api, "PyList_Size", "i64", [variants])) as n:
        candidate = _api(w, api, "PyList_GetItem", "ptr", [variants, n])
        variant = _field(w, api, candidate, "data_at")
        with w.carry(inputs, [const("i64", 1)]) as loop:
            fits = w.call("call_fits", "i64", [api, _port(w, variant, loop.index), _item(w, args, loop.index)])
            loop.next([w.and_(loop.values[0], fits)])
        with w.when(w.icmp("ne", loop.results[0], 0)):
            w.ret(candidate)
    w.ret(_NULL)


# -- one call -------------------------------------------------------------------------------------------------------------------


def _write_apart(module: Module) -> None:
    """i64 apart(api, variant, args, inputs): whether no donated argument shares memory with another argument; 1 or 0."""
    w = module.function("call_apart", "i64", ["ptr", "ptr", "ptr", "i64"], internal=True)
    api, variant, args, inputs = w.params

    def span(n: Val) -> tuple[Val, Val]:
        start = _field(w, api, _item(w, args, n), "data_at", "i64")
        return start, w.add(start, _get(w, _port(w, variant, n), abi.PORT_BYTES, "i64"))

    with w.loop(_get(w, variant, abi.VARIANT_OUTPUTS, "i64")) as o:
        donated = _get(w, _port(w, variant, w.add(inputs, o)), abi.PORT_ALIAS, "i64")
        with w.when(w.icmp("sge", donated, 0)):
            start, end = span(donated)
            with w.loop(inputs) as i:
                other, other_end = span(i)
                meets = w.and_(w.icmp("ult", other, end), w.icmp("ult", start, other_end))
                _return_unless(w, w.not_(w.and_(meets, w.icmp("ne", i, donated))), 0)
    w.ret(1)


def _write_allocate(module: Module) -> None:
    """ptr allocate(api, variant, args, inputs, to): arrays for the results, borrowed at `to`; the call's result, owned, or null."""
    w = module.function("call_allocate", "ptr", ["ptr", "ptr", "ptr", "i64", "ptr"], internal=True)
    api, variant, args, inputs, to = w.params
    outputs = _get(w, variant, abi.VARIANT_OUTPUTS, "i64")
    several = w.icmp("ne", _get(w, variant, abi.VARIANT_TUPLE, "i64"), 0)
    single = w.label("single")
    tuple_ = w.label("tuple")
    w.cbr(several, tuple_, single)
    w.at(single)
    only = _result_array(w, api, variant, args, inputs)
    w.store(only, to)
    w.ret(only)
    w.at(tuple_)
    result = _api(w, api, "PyTuple_New", "ptr", [outputs])
    _return_unless(w, w.icmp("ne", result, _NULL), _NULL)
    with w.loop(outputs) as i:
        array = _result_array(w, api, variant, args, w.add(inputs, i))
        with w.when(w.icmp("eq", array, _NULL)):
            _api_void(w, api, "Py_DecRef", result)
            w.ret(_NULL)
        w.store(array, w.gep("ptr", to, i))
        _api(w, api, "PyTuple_SetItem", "i32", [result, i, array])  # takes the reference; cannot fail on a new tuple of this size
    w.ret(result)


def _result_array(w: Writer, api: Val, variant: Val, args: Val, index: Val) -> Val:
    """The array of an output, owned: a new one, or that of the input it takes over."""
    alias = _get(w, _port(w, variant, index), abi.PORT_ALIAS, "i64")

    def given() -> list[Val]:
        array = _item(w, args, alias)
        _api_void(w, api, "Py_IncRef", array)
        return [array]

    [array] = w.cond(w.icmp("sge", alias, 0), given, lambda: [_new_array(w, api, variant, index)])
    return array


def _new_array(w: Writer, api: Val, variant: Val, index: Val) -> Val:
    port = _port(w, variant, index)
    dtype = _get(w, port, abi.PORT_DTYPE)
    _api_void(w, api, "Py_IncRef", dtype)  # PyArray_Empty takes one, even if it fails
    rank = w.trunc(_get(w, port, abi.PORT_RANK, "i64"), "i32")
    return _api(w, api, "PyArray_Empty", "ptr", [rank, _get(w, port, abi.PORT_DIMS), dtype, const("i32", 0)])


def _write_run(module: Module) -> None:
    """i64 run(api, variant, frame object, frame): runs the frame; what `weft_run` returned, or -1 with an exception."""
    w = module.function("call_run", "i64", ["ptr", "ptr", "ptr", "ptr"], internal=True)
    api, variant, owner, frame = w.params
    brief = w.label("brief")
    unlocked = w.label("unlocked")
    w.cbr(w.icmp("ne", _get(w, variant, abi.VARIANT_BRIEF, "i64"), 0), brief, unlocked)
    w.at(brief)
    w.ret(w.call("weft_run", "i64", [frame]))
    w.at(unlocked)
    words = _get(w, api, abi.API["watch_words"])
    main = w.icmp("eq", _api(w, api, "PyThread_get_thread_ident", "i64", []), _get(w, words, 0, "i64"))
    with w.when(main):
        with w.when(w.icmp("ne", _get(w, words, 8, "i64"), 0)):
            woken = _api(w, api, "PyObject_Vectorcall", "ptr", [_get(w, api, abi.API["wake"]), _NULL, const("i64", 0), _NULL])
            with w.when(w.icmp("eq", woken, _NULL)):
                w.ret(-1)
            _api_void(w, api, "Py_DecRef", woken)
        _watch(w, api, owner)
    thread = _api(w, api, "PyEval_SaveThread", "ptr", [])
    stop = w.call("weft_run", "i64", [frame])
    _api_void(w, api, "PyEval_RestoreThread", thread)
    with w.when(main):
        _watch(w, api, _get(w, api, abi.API["None"]))
    w.ret(stop)


def _watch(w: Writer, api: Val, frame: Val) -> None:
    """watch.main = frame"""
    status = _api(w, api, "PyObject_SetAttr", "i32", [_get(w, api, abi.API["watch"]), _get(w, api, abi.API["main"]), frame])
    with w.when(w.icmp("ne", status, 0)):
        _api_void(w, api, "PyErr_Clear")  # nobody watches: the call is right all the same


def _write_resume(module: Module) -> None:
    """i64 resume(api, variant, slots, stop, count): lets Python end a call that stopped; 0 if it could not and raised."""
    w = module.function("call_resume", "i64", ["ptr", "ptr", "ptr", "i64", "i64"], internal=True)
    api, variant, slots, stop, count = w.params
    number = _api(w, api, "PyLong_FromLongLong", "ptr", [stop])
    _return_unless(w, w.icmp("ne", number, _NULL), 0)
    w.store(number, w.gep("ptr", slots, _SLOT_STOP))
    resume = _get(w, variant, abi.VARIANT_RESUME)
    done = _api(w, api, "PyObject_Vectorcall", "ptr", [resume, slots, w.add(count, _SLOTS), _NULL])
    _api_void(w, api, "Py_DecRef", number)
    _return_unless(w, w.icmp("ne", done, _NULL), 0)
    _api_void(w, api, "Py_DecRef", done)
    w.ret(1)


def _take_frame(w: Writer, api: Val, free: Val, none_left: Val) -> Val:
    """The last object of `free`, owned; returns `none_left` from the function if there is none."""
    count = _api(w, api, "PyList_Size", "i64", [free])
    _return_unless(w, w.icmp("sgt", count, 0), none_left)
    last = w.sub(count, 1)
    owner = _api(w, api, "PyList_GetItem", "ptr", [free, last])
    _api_void(w, api, "Py_IncRef", owner)
    with w.when(w.icmp("ne", _api(w, api, "PyList_SetSlice", "i32", [free, last, count, _NULL]), 0)):
        _api_void(w, api, "Py_DecRef", owner)
        w.ret(_NULL)
    return owner


def _bind(w: Writer, frame: Val, slots: Val, args: Val, inputs: Val, outputs: Val) -> None:
    """Arguments and results, as objects, to the frame's bindings; arguments also to `slots`, where the results are already."""
    bindings = _get(w, frame, abi.FRAME_BINDINGS)
    arrays = w.gep("ptr", slots, _SLOTS)
    with w.loop(inputs) as i:
        array = _item(w, args, i)
        w.store(array, w.gep("ptr", arrays, i))
        w.store(array, w.gep("ptr", bindings, i))
    with w.loop(outputs) as i:
        n = w.add(inputs, i)
        w.store(_item(w, arrays, n), w.gep("ptr", bindings, n))
    w.store(const("i64", 0), w.offset(frame, abi.FRAME_PC))


def _write_invoke(module: Module) -> None:
    """ptr invoke(api, variant, args, inputs): the call's result; null with an exception; `api` itself if Python shall do the call."""
    w = module.function("call_invoke", "ptr", ["ptr", "ptr", "ptr", "i64"], internal=True)
    api, variant, args, inputs = w.params
    slots = w.alloca("ptr", abi.CALL_PORTS + _SLOTS)
    workers = _get(w, _get(w, variant, abi.VARIANT_STATE), abi.STATE_WORKERS, "i64")
    _return_unless(w, w.icmp("uge", workers, _get(w, variant, abi.VARIANT_WORKERS, "i64")), api)
    _return_unless(w, w.icmp("ne", w.call("call_apart", "i64", [api, variant, args, inputs]), 0), api)
    free = _get(w, variant, abi.VARIANT_FREE)
    owner = _take_frame(w, api, free, api)
    failed, failed_with_result = w.label("failed"), w.label("failed_with_result")
    going_on = [w.label("on") for _ in range(3)]
    number = _api(w, api, "PyObject_GetAttr", "ptr", [owner, _get(w, api, abi.API["address"])])
    w.cbr(w.icmp("eq", number, _NULL), failed, going_on[0])
    w.at(going_on[0])
    frame = _api(w, api, "PyLong_AsVoidPtr", "ptr", [number])
    _api_void(w, api, "Py_DecRef", number)
    result = w.call("call_allocate", "ptr", [api, variant, args, inputs, w.gep("ptr", slots, w.add(inputs, _SLOTS))])
    w.cbr(w.icmp("eq", result, _NULL), failed, going_on[1])
    w.at(going_on[1])
    outputs = _get(w, variant, abi.VARIANT_OUTPUTS, "i64")
    _bind(w, frame, slots, args, inputs, outputs)
    stop = w.call("call_run", "i64", [api, variant, owner, frame])
    w.cbr(w.icmp("slt", stop, 0), failed_with_result, going_on[2])
    w.at(going_on[2])
    with w.when(w.icmp("ne", stop, abi.STOP_END)):
        w.store(owner, w.gep("ptr", slots, _SLOT_FRAME))
        ended = w.call("call_resume", "i64", [api, variant, slots, stop, w.add(inputs, outputs)])
        with w.when(w.icmp("eq", ended, 0)):
            w.br(failed_with_result)
    _put_frame_back(w, api, free, owner)
    _api_void(w, api, "Py_DecRef", owner)
    w.ret(result)
    w.at(failed_with_result)
    _api_void(w, api, "Py_DecRef", result)
    w.br(failed)
    w.at(failed)
    _api_void(w, api, "Py_DecRef", owner)
    w.ret(_NULL)


def _put_frame_back(w: Writer, api: Val, free: Val, owner: Val) -> None:
    with w.when(w.icmp("slt", _api(w, api, "PyList_Size", "i64", [free]), abi.CALL_FREE)):
        status = _api(w, api, "PyList_Append", "i32", [free, owner])
        with w.when(w.icmp("ne", status, 0)):
            _api_void(w, api, "PyErr_Clear")  # no memory to keep it: the next call makes a new one


def _write_call(module: Module) -> None:
    w = module.function("weft_call", "ptr", ["ptr", "ptr", "i64", "ptr"])
    self, args, count, names = w.params
    table = _get(w, self, abi.CALL_SELF)
    api = _get(w, table, abi.TABLE_API)
    slow, plain, found = w.label("slow"), w.label("plain"), w.label("found")
    inputs = _get(w, table, abi.TABLE_INPUTS, "i64")
    w.cbr(w.and_(w.icmp("eq", names, _NULL), w.icmp("eq", count, inputs)), plain, slow)
    w.at(plain)
    owner = w.call("call_find", "ptr", [table, args])
    w.cbr(w.icmp("eq", owner, _NULL), slow, found)
    w.at(found)
    _api_void(w, api, "Py_IncRef", owner)
    result = w.call("call_invoke", "ptr", [api, _field(w, api, owner, "data_at"), args, inputs])
    _api_void(w, api, "Py_DecRef", owner)
    with w.when(w.icmp("ne", result, api)):
        w.ret(result)
    w.br(slow)
    w.at(slow)
    w.ret(_api(w, api, "PyObject_Vectorcall", "ptr", [_get(w, table, abi.TABLE_SLOW), args, count, names]))
