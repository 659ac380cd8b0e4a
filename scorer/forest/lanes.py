"""Operations on 64 users at once, for kernels: a mask is one uint64, a lane vector 64 float32.

Written as LLVM vectors, because the compiler does not vectorise loops over rows that might
overlap. LLVM turns them into the widest instructions of the machine at hand (16 floats each
with AVX-512, 8 with AVX2, 4 with SSE or NEON).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending
from numba.core import types
from numba.core.datamodel import PrimitiveModel, register_default

N_LANES = 64

# Kernels call these without the typing context, which type checkers cannot follow.
intrinsic: Any = extending.intrinsic

_FLOATS = ir.VectorType(ir.FloatType(), N_LANES)
_BITS = ir.VectorType(ir.IntType(1), N_LANES)
_ALIGN = 4


class LaneVector(types.Type):
    """64 float32, one per user."""

    def __init__(self) -> None:
        super().__init__("LaneVector")


@register_default(LaneVector)
class _LaneVectorModel(PrimitiveModel):
    def __init__(self, manager: Any, kind: LaneVector) -> None:
        super().__init__(manager, kind, _FLOATS)


_lane_vector = LaneVector()


def _address(context: Any, builder: Any, kind: Any, array: Any, position: Any) -> Any:
    """Address of an element of a one-dimensional contiguous array, as lanes."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [position]), _FLOATS.as_pointer())


def _spread(builder: Any, value: Any) -> Any:
    first = builder.insert_element(
        ir.Constant(_FLOATS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
    )
    order = ir.Constant(ir.VectorType(ir.IntType(32), N_LANES), [0] * N_LANES)
    return builder.shuffle_vector(first, ir.Constant(_FLOATS, ir.Undefined), order)


def _as_mask(builder: Any, bits: Any) -> Any:
    return builder.bitcast(bits, ir.IntType(N_LANES))


@intrinsic
def load(typing_context: Any, array: Any, position: Any) -> Any:
    """Lanes at ``array[position : position + 64]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments)
        return builder.load(address, align=_ALIGN)

    return _lane_vector(array, types.intp), generate


@intrinsic
def store(typing_context: Any, array: Any, position: Any, lanes: Any) -> Any:
    """Write lanes to ``array[position : position + 64]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address, align=_ALIGN)
        return context.get_dummy_value()

    return types.void(array, types.intp, _lane_vector), generate


@intrinsic
def spread(typing_context: Any, value: Any) -> Any:
    """Return the same value in every lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _spread(builder, arguments[0])

    return _lane_vector(types.float32), generate


@intrinsic
def add(typing_context: Any, left: Any, right: Any) -> Any:
    """Sum, lane by lane, rounded to float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fadd(*arguments)

    return _lane_vector(_lane_vector, _lane_vector), generate


@intrinsic
def blend(typing_context: Any, mask: Any, chosen: Any, others: Any) -> Any:
    """``chosen`` in the lanes of the mask, ``others`` elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = builder.bitcast(arguments[0], _BITS)
        return builder.select(bits, arguments[1], arguments[2])

    return _lane_vector(types.uint64, _lane_vector, _lane_vector), generate


@intrinsic
def less(typing_context: Any, left: Any, right: Any) -> Any:
    """Mask of the lanes where ``left < right``; 0 where either is NaN."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _as_mask(builder, builder.fcmp_ordered("<", *arguments))

    return types.uint64(_lane_vector, _lane_vector), generate


@intrinsic
def less_or_nan(typing_context: Any, left: Any, right: Any) -> Any:
    """Mask of the lanes where ``left < right`` or either is NaN."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _as_mask(builder, builder.fcmp_unordered("<", *arguments))

    return types.uint64(_lane_vector, _lane_vector), generate
