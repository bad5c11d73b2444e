"""Calls machine code with arrays and numbers: the form in which numba's functions take them.

A function takes one row of numbers: a place for its answer and one for what went wrong, then every
array as (owner, its object, elements, bytes of one, address, shape, strides), every tuple as its
members.
"""

import ctypes
from array import array
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from engine.errors import ensure

SYMBOL = "entry"
OPTIMISE = 3
NOBODY = 0
LAYOUT = 0x1 | 0x2 | 0x100 | 0x400
"""Bits of `flags.num`: rows or columns lie one after the other, aligned, may be written."""
BY_ROWS, BY_COLUMNS = 0x1, 0x2

_DATA = object.__basicsize__
"""Where an array keeps the address of its data: numpy's binary interface puts it first, behind what
every object has. Asking the array itself takes seven times as long."""

_address = ctypes.c_int64
_probe = np.zeros(1)
ensure(
    _address.from_address(id(_probe) + _DATA).value == _probe.ctypes.data,
    "this Python lays out its objects otherwise",
)

_FORM = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64)
_kept_loaded: list[Any] = []


def flat(given: tuple[Any, ...]) -> tuple[tuple[object, ...], list[int]]:
    """Return what machine code depends on of its arguments, and the numbers that it takes.

    Raises:
        InvariantError: one is no array, whole number or tuple of such.
    """
    kinds: list[object] = []
    numbers: list[int] = []
    _lay_out(given, kinds, numbers)
    return tuple(kinds), numbers


def _lay_out(given: tuple[Any, ...], kinds: list[object], numbers: list[int]) -> None:
    for one in given:
        if isinstance(one, np.ndarray):
            layout = one.flags.num & LAYOUT
            if layout & BY_ROWS:
                # Of one row or none both hold, and its code is that of many rows.
                layout &= ~BY_COLUMNS
            kinds += (one.dtype.char, one.ndim, layout)
            address = _address.from_address(id(one) + _DATA).value
            numbers += (NOBODY, NOBODY, one.size, one.itemsize, address, *one.shape, *one.strides)
        elif isinstance(one, tuple):
            kinds.append(len(one))
            _lay_out(one, kinds, numbers)
        else:
            whole = type(one) is int
            ensure(whole, "a kernel takes arrays and whole numbers", given=type(one).__name__)
            kinds.append(None)
            numbers.append(one)


@cache
def processor() -> str:
    """Return the name and the features of this machine's processor."""
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def target_machine() -> Any:
    """Return the compiler's back end for this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = processor().split(" ", 1)
    options = {"cpu": name, "features": features, "opt": OPTIMISE, "jit": True}
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        **options, reloc="static", codemodel="jitdefault"
    )


def loaded(code: bytes, function: Callable[..., Any]) -> Callable[[list[int]], Callable[[], Any]]:
    """Return what makes calls of the function that an object holds as `SYMBOL`.

    It takes a call's numbers. A call may be made again and again while what the numbers stand for
    is there, by one thread at a time; it runs without the interpreter lock, and answers as the
    annotation of `function` tells: nothing, a number or a tuple of numbers.
    """
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _kept_loaded.append(engine)
    address = engine.get_function_address(SYMBOL)
    told = function.__annotations__["return"]
    answers = len(getattr(told, "__args__", (told,)))
    call = _FORM(address)

    def of(numbers: list[int]) -> Callable[[], Any]:
        answer, wrong = (ctypes.c_int64 * answers)(), ctypes.c_void_p()
        row = array("q", [ctypes.addressof(answer), ctypes.addressof(wrong), *numbers])
        place, _ = row.buffer_info()

        def run(_kept: tuple[Any, ...] = (row, wrong)) -> Any:
            status = call(place)
            ensure(status == 0, "a kernel has failed", kernel=function.__qualname__, status=status)
            if told is None:
                return None
            return answer[0] if told is int else tuple(answer)

        return run

    return of
