"""The machine instructions that Python has no word for: unaligned loads, blocks of bytes at once, wide products.

Kernels address memory by number here, and nothing checks the bounds: whoever calls answers for them. The code is
LLVM's portable vector code, compiled for the machine it runs on, so nothing in it is particular to one processor.
All numbers are int64; a mask has bit *i* set for byte *i* of a block.
"""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

BLOCK = 32
"""Bytes that one mask speaks of."""

LONG = ir.IntType(64)
BYTE = ir.IntType(8)
HALF = ir.IntType(32)
BYTES = ir.VectorType(BYTE, BLOCK)
WIDE = ir.IntType(128)

Emit = Callable[..., Any]


def _load(builder: Any, address: Any, kind: Any) -> Any:
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def _splat(byte: int) -> Any:
    return ir.Constant(BYTES, [byte] * BLOCK)


def _to_mask(builder: Any, found: Any) -> Any:
    return builder.zext(builder.bitcast(found, ir.IntType(BLOCK)), LONG)


def instruction(arity: int, emit: Emit, *, returns: bool = True) -> Callable[..., int]:
    """A function of `arity` int64 numbers, for use in kernels only, that `emit` writes the code of."""
    signature = (types.int64 if returns else types.void)(*[types.int64] * arity)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        result = emit(builder, *arguments)
        return result if returns else ir.Constant(ir.IntType(8).as_pointer(), None)

    def one(_typing: Any, _a: Any) -> Any:
        return signature, codegen

    def two(_typing: Any, _a: Any, _b: Any) -> Any:
        return signature, codegen

    return cast("Callable[..., int]", intrinsic(one if arity == 1 else two))


def _double(_typing: Any, _address: Any) -> Any:
    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _load(builder, arguments[0], ir.DoubleType())

    return types.float64(types.int64), codegen


def _emit_byte(builder: Any, address: Any) -> Any:
    return builder.zext(_load(builder, address, BYTE), LONG)


def _emit_half(builder: Any, address: Any) -> Any:
    return builder.sext(_load(builder, address, HALF), LONG)


def _emit_word(builder: Any, address: Any) -> Any:
    return _load(builder, address, LONG)


def _emit_string_stops(builder: Any, address: Any) -> Any:
    block = _load(builder, address, BYTES)
    quotes = builder.icmp_unsigned("==", block, _splat(ord('"')))
    backslashes = builder.icmp_unsigned("==", block, _splat(ord("\\")))
    return _to_mask(builder, builder.or_(quotes, backslashes))


def _emit_controls(builder: Any, address: Any) -> Any:
    return _to_mask(builder, builder.icmp_unsigned("<", _load(builder, address, BYTES), _splat(0x20)))


def _emit_high(builder: Any, address: Any) -> Any:
    return _to_mask(builder, builder.icmp_signed("<", _load(builder, address, BYTES), _splat(0)))


def _emit_differences(builder: Any, address: Any, other: Any) -> Any:
    return _to_mask(builder, builder.icmp_unsigned("!=", _load(builder, address, BYTES), _load(builder, other, BYTES)))


def _emit_copy(builder: Any, target: Any, source: Any) -> Any:
    return builder.store(_load(builder, source, BYTES), builder.inttoptr(target, BYTES.as_pointer()), align=1)


def _emit_lower(builder: Any, target: Any, source: Any) -> Any:
    block = _load(builder, source, BYTES)
    is_upper = builder.icmp_unsigned("<", builder.sub(block, _splat(ord("A"))), _splat(26))
    lower = builder.select(is_upper, builder.or_(block, _splat(0x20)), block)
    return builder.store(lower, builder.inttoptr(target, BYTES.as_pointer()), align=1)


def _emit_put(builder: Any, target: Any, byte: Any) -> Any:
    return builder.store(builder.trunc(byte, BYTE), builder.inttoptr(target, BYTE.as_pointer()), align=1)


def _emit_put_word(builder: Any, target: Any, word: Any) -> Any:
    return builder.store(word, builder.inttoptr(target, LONG.as_pointer()), align=1)


def _emit_put_half(builder: Any, target: Any, number: Any) -> Any:
    half = builder.trunc(number, HALF)
    return builder.store(half, builder.inttoptr(target, HALF.as_pointer()), align=1)


def _emit_first_bit(builder: Any, mask: Any) -> Any:
    return builder.cttz(mask, ir.Constant(ir.IntType(1), 1))


def _emit_fold(builder: Any, left: Any, right: Any) -> Any:
    product = builder.mul(builder.zext(left, WIDE), builder.zext(right, WIDE))
    high = builder.lshr(product, ir.Constant(WIDE, 64))
    return builder.xor(builder.trunc(product, LONG), builder.trunc(high, LONG))


def _emit_prefetch(builder: Any, address: Any) -> Any:
    pointer = BYTE.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, HALF, HALF, HALF])
    name = "llvm.prefetch.p0"
    module = builder.module
    function = module.globals.get(name) or ir.Function(module, kind, name)
    constants = [ir.Constant(HALF, value) for value in (0, 3, 1)]
    return builder.call(function, [builder.inttoptr(address, pointer), *constants])


byte_at = instruction(1, _emit_byte)
"""The byte at an address."""

double_at = cast("Callable[[int], float]", intrinsic(_double))
"""The double-precision number at an address."""

half_at = instruction(1, _emit_half)
"""The four bytes at an address, as a signed number."""

word_at = instruction(1, _emit_word)
"""The eight bytes at an address, the first one lowest (on a little-endian machine)."""

string_stops = instruction(1, _emit_string_stops)
"""Which bytes of the block at an address are quotes or backslashes."""

controls = instruction(1, _emit_controls)
"""Which bytes of the block at an address are below 0x20."""

high_bytes = instruction(1, _emit_high)
"""Which bytes of the block at an address are not ASCII."""

differences = instruction(2, _emit_differences)
"""Which bytes of the blocks at two addresses differ."""

copy_block = instruction(2, _emit_copy, returns=False)
"""Copies a block: to, from."""

lower_block = instruction(2, _emit_lower, returns=False)
"""Copies a block, the ASCII letters in lower case: to, from."""

put_byte = instruction(2, _emit_put, returns=False)
"""Stores a byte: where, what."""

put_word = instruction(2, _emit_put_word, returns=False)
"""Stores eight bytes: where, what."""

put_half = instruction(2, _emit_put_half, returns=False)
"""Stores the lower four bytes of a number: where, what."""

first_bit = instruction(1, _emit_first_bit)
"""The number of the lowest bit of a mask, which must not be 0."""

fold = instruction(2, _emit_fold)
"""The 128-bit product of two numbers, its halves combined by exclusive or: the step of a good hash."""

prefetch = instruction(1, _emit_prefetch, returns=False)
"""Asks for the memory at an address, which will be read soon. Any address will do."""
