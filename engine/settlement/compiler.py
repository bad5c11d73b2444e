"""Compiles an entry with all kernels that it calls to one object of machine code.

Imported only where the cache has no such object: numba takes most of a second to import.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from numba import typeof
from numba.core import cgutils, types
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import CompilerBase, Flags, compile_extra
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager
from numba.core.registry import cpu_target
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    DeadBranchPrune,
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    RewriteSemanticConstants,
    TranslateByteCode,
)
from numba.extending import intrinsic, overload, register_jitable

from engine.settlement.memory import prefetch
from engine.settlement.native import OPTIMISE, SYMBOL, target_machine

_registered: set[Callable[..., Any]] = set()


class _KernelPasses(CompilerBase):
    """What numba does with a kernel, in order: closures, literals and array expressions left out.

    Each pass goes over every kernel anew, and kernels come to the same machine code without them.
    """

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("kernel")
        for one in (
            TranslateByteCode,
            FixupArgs,
            IRProcessing,
            RewriteSemanticConstants,
            DeadBranchPrune,
            GenericRewrites,
            ReconstructSSA,
            NopythonTypeInference,
            PreLowerStripPhis,
            IRLegalization,
            NativeLowering,
            NoPythonBackend,
        ):
            passes.add_pass(one, one.__name__)
        passes.finalize()
        return [passes]


KERNEL_OPTIONS: dict[str, Any] = {
    "_nrt": False,
    "forceinline": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": _KernelPasses,
}


class _LinkedLibrary(JITCodeLibrary):
    """The code of one function, only ever linked into others.

    numba would link each kernel with all that it calls, optimise it and make it machine code: the
    innermost kernels a dozen times. Here every kernel is linked once, into the entry.
    """

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout  # noqa: SLF001 - a hook of numba

    def finalize(self) -> None:
        """Leave it to the entry."""
        self._finalized = True

    def get_pointer_to_function(self, _name: str) -> int:
        return 0

    def whole(self) -> Any:
        """Return a module of this code and of all that it calls, directly or not."""
        module = self._final_module.clone()
        linked, left = {self}, [*self._linking_libraries]
        while left:
            library = left.pop()
            if library not in linked:
                linked.add(library)
                left += library._linking_libraries  # noqa: SLF001 - a hook of numba
                module.link_in(library._get_module_for_linking(), preserve=True)  # noqa: SLF001
        return module


class LinkedCodegen(JITCPUCodegen):
    """What numba generates with while its code is only linked."""

    _library_class = _LinkedLibrary

    def set_env(self, _name: str, _env: object) -> None:
        """Nothing runs here, so nothing needs an environment."""


@contextmanager
def _linking() -> Iterator[Any]:
    """Make numba produce code to be linked, for as long as this lasts."""
    context = cpu_target.target_context
    usual = context.codegen()
    context._internal_codegen = LinkedCodegen("kernels")  # noqa: SLF001 - numba has no other way
    collects = gc.isenabled()
    gc.disable()  # A million small objects, nearly all of which live until the end.
    try:
        yield context
    finally:
        context._internal_codegen = usual  # noqa: SLF001
        if collects:
            gc.enable()


def object_code(
    function: Callable[..., Any], given: tuple[Any, ...], kernels: list[Callable[..., Any]]
) -> bytes:
    """Return the object that holds a function, as `native.SYMBOL`, for such arguments.

    Without numba's runtime, which counts the references to every array and view: the counting
    takes more time than all else, and most where two threads count on the same arrays. So no
    kernel may make an array: it is given room to write into. One that does is refused here.

    Kernels are laid where they are called: a call hands over every array as seven numbers, which
    took two thirds of the fold. LLVM does it, after types are inferred.
    """
    flags: Any = Flags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    # Locked first: code that another thread compiled while numba only links would have no address.
    with global_compiler_lock, _linking() as context:
        _register(kernels)
        made = compile_extra(
            cpu_target.typing_context,
            context,
            function,
            tuple(typeof(one) for one in given),
            _returned(function),
            flags,
            {},
            pipeline_class=_KernelPasses,
        )
        return _machine_code(made.library.whole(), made.fndesc.mangled_name)


def _register(kernels: list[Callable[..., Any]]) -> None:
    for one in kernels:
        if one not in _registered:
            register_jitable(**KERNEL_OPTIONS)(one)
            _registered.add(one)


def _returned(function: Callable[..., Any]) -> Any:
    told = function.__annotations__["return"]
    if told is None:
        return types.none
    return types.int64 if told is int else types.UniTuple(types.int64, len(told.__args__))


def _machine_code(module: Any, name: str) -> bytes:
    """Return the object of a function's module, optimised as a whole."""
    taken = [str(one.type) for one in module.get_function(name).arguments]
    module.link_in(llvm.parse_assembly(_door(name, taken)))
    for one in module.functions:
        if one.name != SYMBOL and not one.is_declaration:
            one.linkage = "internal"
    machine = target_machine()
    tuning = llvm.create_pipeline_tuning_options(speed_level=OPTIMISE)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def _door(name: str, taken: list[str]) -> str:
    """Return a function that takes what another takes as one row of numbers.

    Two hundred arguments one by one would cost the caller fifty times what the call does.
    """
    lines, given = [], []
    for place, kind in enumerate(taken):
        lines += [
            f"  %p{place} = getelementptr i64, ptr %row, i64 {place}",
            f"  %n{place} = load i64, ptr %p{place}",
        ]
        if kind == "ptr":
            lines.append(f"  %a{place} = inttoptr i64 %n{place} to ptr")
        given.append(f"{kind} %{'a' if kind == 'ptr' else 'n'}{place}")
    call = f'  %status = call i32 @"{name}"({", ".join(given)})'
    known = f'declare i32 @"{name}"({", ".join(taken)})'
    head = f"define i32 @{SYMBOL}(ptr %row) {{"
    return "\n".join([known, head, *lines, call, "  ret i32 %status", "}", ""])


def _prefetch(_context: Any, array: Any, at: Any) -> Any:
    """Return the processor's own instruction."""
    read, keep, data = 0, 3, 1
    tools: Any = cgutils
    ir = tools.ir

    def ask(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        at = context.cast(builder, given[1], signature.args[1], types.intp)
        step = tools.unpack_tuple(builder, array.strides)[0]
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.gep(builder.bitcast(array.data, byte), [builder.mul(at, step)])
        form = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = tools.get_or_insert_function(builder.module, form, "llvm.prefetch.p0")
        builder.call(call, [place, number(read), number(keep), number(data)])
        return context.get_dummy_value()

    return types.void(array, at), ask


_instruction: Any = intrinsic(_prefetch)
_of_prefetch: dict[str, Any] = {"jit_options": {"_nrt": False}}
overload(prefetch, **_of_prefetch)(lambda array, at: lambda array, at: _instruction(array, at))  # noqa: ARG005, PLW0108 - numba asks for the names and a function
