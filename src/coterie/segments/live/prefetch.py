"""A hint to the processor: this word will be wanted soon. Rows of a batch are known before they are touched."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic


def _to_cache(typing_context: Any, array: Any, index: Any) -> Any:
    """Return the code that asks for the cache line of ``array[index]``; nothing is read, and any index is allowed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        word = builder.gep(view.data, [arguments[1]])
        place = builder.bitcast(word, ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(call, [place, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _ignore(array: Any, index: int) -> None:
    """Do nothing: the interpreter has no cache to fill."""


to_cache = _ignore if config.DISABLE_JIT else intrinsic(_to_cache)
