"""A convolution, the maximum over 2x2 pixels and a ReLU in one, as compiled loops.

The maximum passes its gradient to one of four pixels, and the ReLU none where it gave zero. So at
least three of four numbers of the gradient of the convolution are zero. Here it is never written
down: ``weights`` and ``inputs`` take the numbers that are not zero, each with its place.
"""

from functools import lru_cache

from numba import int64, uint8

from helpers.conv.compiled.cache import njit, say_once
from helpers.conv.compiled.loops import NONE, TYPES, clear, copy
from helpers.conv.compiled.vectors import add_multiple, load, numbers, store


@lru_cache
def weights(size, R, V, L):
    """Return gw[o, r, k] = sum over pixels m of g[m, o] * x[place of (m, o) + row r + k].

    A tile is the R rows of the kernel by V runs of L numbers k of a row.
    """
    say_once()
    number, VL = TYPES[size], V * L

    @njit
    def kernel(
        x_, x_n, x_c, x_h, x_w, C, H, W, rows, columns, top, left, row, g_, g_n, g_c, g_h, g_w,
        which_, places_, O, PH, PW, gw_, wide, gb_, n, list_, scratch_, first, last,
    ):  # fmt: skip
        x, g, gw = numbers(x_, number), numbers(g_, number), numbers(gw_, number)
        gb, image, which = numbers(gb_, number), numbers(scratch_, number), numbers(which_, uint8)
        places, listed = numbers(places_, int64), numbers(scratch_ + list_, int64)
        pixels = PH * PW
        values, counts = rows * columns * C + wide, O * pixels
        clear(image, 0, values)
        clear(gw, first * R * wide, last * R * wide)
        clear(gb, first, last)
        for b in range(n):
            inside = (top * columns + left) * C
            copy(image, inside, columns * C, C, x, b * x_n, x_c, x_h, x_w, C, H, W)
            for o in range(first, last):
                listed[counts + o] = o * pixels
            for i in range(PH):
                for j in range(PW):
                    m = i * PW + j
                    a, k = b * g_n + i * g_h + j * g_w, (b * pixels + m) * O
                    for o in range(first, last):
                        p, value, end = which[k + o], g[a + o * g_c], listed[counts + o]
                        image[values + end] = value
                        listed[end] = places[m * 4 + (p & 3)]
                        listed[counts + o] = end + (p < NONE and value != 0)
                    for o in range(first, last):
                        gb[o] += g[a + o * g_c] if which[k + o] < NONE else 0
            for o in range(first, last):
                begin, end = o * pixels, listed[counts + o]
                for q in range(0, wide, VL):
                    sums = load(gw, o * R * wide + q, wide, R, V, L)
                    for e in range(begin, end):
                        value, place = image[values + e], listed[e] + q
                        add_multiple(sums, R, V, L, value, image, place, row)
                    store(gw, o * R * wide + q, wide, sums, R, V, L)

    return kernel


@lru_cache
def inputs(size, R, V, L):
    """Return gx[place of (m, o) + row r + k] += g[m, o] * w[o, r, k] over pixels m, channels o.

    A tile is as in ``weights``. The channels that chose the same pixel are added in one tile.
    """
    say_once()
    number, VL = TYPES[size], V * L

    @njit
    def kernel(
        g_, g_n, g_c, g_h, g_w, which_, places_, O, PH, PW, w_, wide, rows, columns, top, left, row,
        x_, x_n, x_c, x_h, x_w, C, H, W, list_, scratch_, first, last,
    ):  # fmt: skip
        g, w, x = numbers(g_, number), numbers(w_, number), numbers(x_, number)
        image, which = numbers(scratch_, number), numbers(which_, uint8)
        places, listed = numbers(places_, int64), numbers(scratch_ + list_, int64)
        values = rows * columns * C + wide
        counts = (NONE + 1) * O
        for b in range(first, last):
            clear(image, 0, values)
            for i in range(PH):
                for j in range(PW):
                    m = i * PW + j
                    a, k = b * g_n + i * g_h + j * g_w, (b * PH * PW + m) * O
                    for p in range(NONE + 1):
                        listed[counts + p] = p * O
                    for o in range(O):
                        p, value = which[k + o], g[a + o * g_c]
                        end = listed[counts + p]
                        image[values + end], listed[end] = value, o * R * wide
                        listed[counts + p] = end + (value != 0)
                    for p in range(NONE):
                        begin, end, place = p * O, listed[counts + p], places[m * 4 + p]
                        for q in range(0, wide if end > begin else 0, VL):
                            sums = load(image, place + q, row, R, V, L)
                            for e in range(begin, end):
                                value, k = image[values + e], listed[e] + q
                                add_multiple(sums, R, V, L, value, w, k, wide)
                            store(image, place + q, row, sums, R, V, L)
            for y in range(H):
                for j in range(W):
                    a = ((y + top) * columns + left + j) * C
                    for c in range(C):
                        x[b * x_n + c * x_c + y * x_h + j * x_w] = image[a + c]

    return kernel
