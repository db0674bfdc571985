"""What compiled loops do with L numbers at a time, which Python has no word for.

L numbers side by side fill one register of the processor, and one instruction multiplies and adds
all of them. The operations below are that instruction, written out for a tile of P x V registers;
the docstring of each says what it would be in NumPy. A tile, ``sums``, is P * V * L numbers that
the compiler keeps in registers, because no other operation sees where they are.

Memory is a pointer to numbers, and places in it are counted in numbers. P, V and L are constants.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_INT = ir.IntType(64)


class _Code:
    """Writes LLVM's instructions for a tile of P x V vectors of L numbers of one type."""

    def __init__(self, context, builder, dtype, P, V, L):
        self.builder, self.size = builder, dtype.bitwidth // 8
        self.number = context.get_value_type(dtype)
        self.vector = ir.VectorType(self.number, L)
        self.places = [(p, v) for p in range(P) for v in range(V)]
        self.V, self.L = V, L

    def place(self, memory, *terms):
        """Return the place of L numbers, the sum of ``terms`` numbers after ``memory``."""
        index = terms[0]
        for term in terms[1:]:
            index = self.builder.add(index, term)
        return self.builder.bitcast(self.builder.gep(memory, [index]), self.vector.as_pointer())

    def row(self, memory, k, step, p, v):
        """Return the place of memory[k + p * step + v * L]."""
        return self.place(memory, k, self.builder.mul(step, _INT(p)), _INT(v * self.L))

    def register(self, sums, p, v):
        """Return the place of a register of the tile."""
        return self.place(sums, _INT((p * self.V + v) * self.L))

    def load(self, place):
        return self.builder.load(place, align=self.size)

    def store(self, values, place):
        self.builder.store(values, place, align=self.size)

    def repeat(self, number, kind=None):
        """Return a vector of the same number L times."""
        kind = kind or self.vector
        undefined = ir.Constant(kind, ir.Undefined)
        one = self.builder.insert_element(undefined, number, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
        return self.builder.shuffle_vector(one, undefined, zeros)

    def add_product(self, place, a, b):
        """Add a * b to the L numbers at a place, in one instruction where there is one."""
        product = self.builder.fmul(a, b, flags=("contract",))
        self.store(self.builder.fadd(self.load(place), product, flags=("contract",)), place)

    def store_first(self, values, place, count):
        """Store the first ``count`` of L numbers; memory after them is not touched."""
        counts = ir.VectorType(_INT, self.L)
        lanes = ir.Constant(counts, list(range(self.L)))
        mask = self.builder.icmp_signed("<", lanes, self.repeat(count, counts))
        name = f"llvm.masked.store.v{self.L}f{self.size * 8}.p0"
        kinds = [self.vector, place.type, ir.IntType(32), mask.type]
        module = self.builder.module
        function = module.globals.get(name) or ir.Function(
            module, ir.FunctionType(ir.VoidType(), kinds), name
        )
        self.builder.call(function, [values, place, ir.IntType(32)(self.size), mask])


@intrinsic
def numbers(typing, address, dtype):
    """Return the memory at an address as numbers of ``dtype``."""
    result = types.CPointer(dtype.dtype)

    def code(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(result))

    return result(types.int64, dtype), code


@intrinsic(prefer_literal=True)
def load(typing, memory, k, step, P, V, L):
    """sums[p, v] = memory[k + p * step + v * L :][:L], a new tile."""
    shape = P.literal_value, V.literal_value, L.literal_value

    def code(context, builder, signature, args):
        write = _Code(context, builder, memory.dtype, *shape)
        with builder.goto_entry_block():
            registers = builder.alloca(ir.ArrayType(write.vector, len(write.places)))
        sums = builder.bitcast(registers, write.number.as_pointer())
        for p, v in write.places:
            write.store(write.load(write.row(*args[:3], p, v)), write.register(sums, p, v))
        return sums

    return memory(memory, types.int64, types.int64, P, V, L), code


@intrinsic(prefer_literal=True)
def add_products(typing, sums, P, V, L, x, i, step, w, k):
    """sums[p, v] += x[i + p * step] * w[k + v * L :][:L], for p < P and v < V."""
    shape = P.literal_value, V.literal_value, L.literal_value

    def code(context, builder, signature, args):
        sums_, _, _, _, x_, i_, step_, w_, k_ = args
        write = _Code(context, builder, sums.dtype, *shape)
        rows = [write.load(write.place(w_, k_, _INT(v * write.L))) for v in range(write.V)]
        for p in range(shape[0]):
            place = builder.add(i_, builder.mul(step_, _INT(p)))
            number = write.repeat(builder.load(builder.gep(x_, [place])))
            for v, row in enumerate(rows):
                write.add_product(write.register(sums_, p, v), number, row)
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(sums, P, V, L, sums, i64, i64, sums, i64), code


@intrinsic(prefer_literal=True)
def add_multiple(typing, sums, P, V, L, number, x, i, step):
    """sums[p, v] += number * x[i + p * step + v * L :][:L], for p < P and v < V."""
    shape = P.literal_value, V.literal_value, L.literal_value

    def code(context, builder, signature, args):
        sums_, _, _, _, number_, x_, i_, step_ = args
        write = _Code(context, builder, sums.dtype, *shape)
        repeated = write.repeat(number_)
        for p, v in write.places:
            values = write.load(write.row(x_, i_, step_, p, v))
            write.add_product(write.register(sums_, p, v), repeated, values)
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(sums, P, V, L, sums.dtype, sums, i64, i64), code


@intrinsic(prefer_literal=True)
def store(typing, memory, k, step, sums, P, V, L):
    """memory[k + p * step + v * L :][:L] = sums[p, v], for p < P and v < V."""
    shape = P.literal_value, V.literal_value, L.literal_value

    def code(context, builder, signature, args):
        write = _Code(context, builder, memory.dtype, *shape)
        for p, v in write.places:
            write.store(write.load(write.register(args[3], p, v)), write.row(*args[:3], p, v))
        return context.get_dummy_value()

    return types.void(memory, types.int64, types.int64, sums, P, V, L), code


@intrinsic(prefer_literal=True)
def store_first(typing, memory, k, step, count, sums, P, V, L):
    """As ``store``, but only the first ``count`` of V * L numbers for each p."""
    shape = P.literal_value, V.literal_value, L.literal_value

    def code(context, builder, signature, args):
        write = _Code(context, builder, memory.dtype, *shape)
        for p, v in write.places:
            left = builder.sub(args[3], _INT(v * write.L))
            values = write.load(write.register(args[4], p, v))
            write.store_first(values, write.row(*args[:3], p, v), left)
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(memory, i64, i64, i64, sums, P, V, L), code
