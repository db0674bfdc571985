"""The compiled loops of which the three maps of a convolution are made.

``correlate`` gives output and input gradient, ``scatter`` the input gradient of few channels, and
``weight_gradient`` the third map. Each takes one image after the other into a frame of zeros, with
the channels of a pixel side by side (channels last), so that no loop asks where the image ends.
Then every sum is one of products of a number and L neighbouring numbers.

Nothing makes such loops fast but a tile of P x V sums (of L numbers each) that stays in registers
while products are added: P + V are read for P * V multiplications.
"""

from functools import lru_cache

from numba import float32, float64, int64

from helpers.conv.compiled.cache import njit, say_once
from helpers.conv.compiled.vectors import add_products, load, numbers, store, store_first

TYPES = {4: float32, 8: float64}


@njit
def clear(to, first, last):
    """Set numbers to zero."""
    for i in range(first, last):
        to[i] = 0


@njit
def copy(to, i, t_h, t_w, x, k, x_c, x_h, x_w, channels, height, width):
    """Copy an image with any strides to to[i + y * t_h + x * t_w + c]."""
    for y in range(height):
        if x_c == 1:
            for j in range(width):
                a, b = i + y * t_h + j * t_w, k + y * x_h + j * x_w
                for c in range(channels):
                    to[a + c] = x[b + c]
        else:
            for c in range(channels):
                a, b = i + y * t_h + c, k + y * x_h + c * x_c
                for j in range(width):
                    to[a + j * t_w] = x[b + j * x_w]


@njit
def pack(to, i, w, places, n, w_c, w_o, channels, outputs, VL):
    """Copy weights to to[i:] as (blocks of VL outputs, n places, channels, VL), with zeros."""
    for q in range(0, outputs, VL):
        for t in range(n):
            for c in range(channels):
                a = places[t] + c * w_c + q * w_o
                for o in range(VL):
                    to[i + o] = w[a + o * w_o] if q + o < outputs else 0
                i += VL


@lru_cache
def image_by_tiles(size, P, V, L):
    """Return two functions: one lays out weights and bias, the other convolves one image.

    y[i, j, o] = bias[o] + sum over t, c of x[place of (i, j, t), c] * w[t, c, o]. A tile is P
    neighbouring pixels (i, j) by V runs of L output channels o.
    """
    number, VL = TYPES[size], V * L

    @njit
    def prepare(image, pixels, w, w_c, w_o, bias_, taps, T, C, O):
        weight = pixels * C  # where in the scratch memory they are
        begin = weight + -(-O // VL) * VL * T * C
        clear(image, 0, weight)
        clear(image, begin, begin + -(-O // VL) * VL)
        pack(image, weight, w, taps, T, w_c, w_o, C, O, VL)
        if bias_ != 0:
            bias = numbers(bias_, number)
            for o in range(O):
                image[begin + o] = bias[o]

    @njit
    def convolve(
        x, x_i, x_c, x_h, x_w, C, H, W, rows, columns, top, left, start, s_h, s_w, offsets, T,
        y, y_i, y_c, y_h, y_w, O, OH, OW, image,
    ):  # fmt: skip
        line, step = s_h * columns * C, s_w * C
        weight = rows * columns * C
        begin = weight + -(-O // VL) * VL * T * C
        aside = begin + -(-O // VL) * VL
        inside = (top * columns + left) * C
        copy(image, inside, columns * C, C, x, x_i, x_c, x_h, x_w, C, H, W)
        for q in range(0, O, VL):
            count = min(VL, O - q)
            for i in range(OH):
                for j_ in range(0, OW, P):
                    j = min(j_, OW - P)  # the last tile overlaps the one before
                    a, k = start + i * line + j * step, weight + q * T * C
                    sums = load(image, begin + q, 0, P, V, L)
                    for t in range(T):
                        for c in range(a + offsets[t], a + offsets[t] + C):
                            add_products(sums, P, V, L, image, c, step, image, k)
                            k += VL
                    a = y_i + i * y_h + j * y_w + q * y_c
                    if y_c == 1 and count == VL:
                        store(y, a, y_w, sums, P, V, L)
                    elif y_c == 1:
                        store_first(y, a, y_w, count, sums, P, V, L)
                    else:
                        store(image, aside, VL, sums, P, V, L)
                        for o in range(count):
                            for p in range(P):
                                y[a + o * y_c + p * y_w] = image[aside + p * VL + o]

    return prepare, convolve


@lru_cache
def correlate(size, P, V, L):
    """Return a function that convolves the images from ``first`` to ``last`` by tiles."""
    say_once()
    number = TYPES[size]
    prepare, convolve = image_by_tiles(size, P, V, L)

    @njit
    def kernel(
        x_, x_n, x_c, x_h, x_w, C, H, W, rows, columns, top, left, start, s_h, s_w,
        w_, w_c, w_o, bias_, taps_, offsets_, T, y_, y_n, y_c, y_h, y_w, O, OH, OW,
        scratch_, first, last,
    ):  # fmt: skip
        x, w, y = numbers(x_, number), numbers(w_, number), numbers(y_, number)
        taps, offsets = numbers(taps_, int64), numbers(offsets_, int64)
        image = numbers(scratch_, number)
        prepare(image, rows * columns, w, w_c, w_o, bias_, taps, T, C, O)
        for b in range(first, last):
            convolve(
                x, b * x_n, x_c, x_h, x_w, C, H, W, rows, columns, top, left, start, s_h, s_w,
                offsets, T, y, b * y_n, y_c, y_h, y_w, O, OH, OW, image,
            )  # fmt: skip

    return kernel


@lru_cache
def scatter(size, P, V, L):
    """Return x[place of (i, j, k)] += sum over o of g[i, j, o] * w[o, k], for all k of a window.

    For few channels of x: then all numbers k of a window (places of the kernel, channels) fill the
    registers. A tile is P neighbouring pixels (i, j) by V runs of L numbers k.
    """
    say_once()
    number, VL = TYPES[size], V * L

    @njit
    def kernel(
        g_, g_n, g_c, g_h, g_w, O, OH, OW, w_, w_o, K, rows, columns, top, left, s_h, s_w, channels,
        places_, x_, x_n, x_c, x_h, x_w, C, H, W, scratch_, first, last,
    ):  # fmt: skip
        g, w, x = numbers(g_, number), numbers(w_, number), numbers(x_, number)
        image, places = numbers(scratch_, number), numbers(places_, int64)
        wide, pixels = -(-K // VL) * VL, OH * OW
        taps, targets = numbers(places_ + K * 8, int64), places
        grad = rows * columns * channels
        weight = grad + pixels * O
        aside = weight + O * wide
        for o in range(O):
            for k in range(wide):
                image[weight + o * wide + k] = w[taps[k] + o * w_o] if k < K else 0
        clear(image, aside, aside + VL)
        for b in range(first, last):
            clear(image, 0, grad)
            copy(image, grad, OW * O, O, g, b * g_n, g_c, g_h, g_w, O, OH, OW)
            for q in range(0, K, VL):
                count = min(VL, K - q)
                for m_ in range(0, pixels, P):
                    m = min(m_, pixels - P)
                    sums = load(image, aside, 0, P, V, L)
                    for o in range(O):
                        a, k = grad + m * O + o, weight + o * wide + q
                        add_products(sums, P, V, L, image, a, O, image, k)
                    store(image, aside + VL, VL, sums, P, V, L)
                    for p in range(m_ - m, P):  # those before are done
                        i, j = (m + p) // OW, (m + p) % OW
                        a = (i * s_h * columns + j * s_w) * channels
                        for k in range(count):
                            image[a + targets[q + k]] += image[aside + (p + 1) * VL + k]
            for y in range(H):
                for j in range(W):
                    a = ((y + top) * columns + left + j) * channels
                    for c in range(C):
                        x[b * x_n + c * x_c + y * x_h + j * x_w] = image[a + c]

    return kernel


@lru_cache
def weight_gradient(size, P, V, L):
    """Return gw[k, o] = sum over images and pixels (i, j) of x[place of (i, j) + k] * g[i, j, o].

    A tile is P neighbouring numbers k of the image by V runs of L output channels o.
    """
    say_once()
    number, VL = TYPES[size], V * L

    @njit
    def kernel(
        x_, x_n, x_c, x_h, x_w, C, H, W, rows, columns, top, left, s_h, s_w,
        g_, g_n, g_c, g_h, g_w, O, OH, OW, band, starts_, targets_, gw_, gw_o,
        scratch_, n, first, last,
    ):  # fmt: skip
        x, g, gw = numbers(x_, number), numbers(g_, number), numbers(gw_, number)
        starts, targets = numbers(starts_, int64), numbers(targets_, int64)
        image, wide = numbers(scratch_, number), -(-O // VL) * VL
        line, step = s_h * columns * C, s_w * C
        grad = rows * columns * C  # where in the scratch memory it is
        total = grad + OH * OW * wide
        clear(image, 0, total + (last - first) * wide * P)
        inside = (top * columns + left) * C
        for b in range(n):
            copy(image, inside, columns * C, C, x, b * x_n, x_c, x_h, x_w, C, H, W)
            copy(image, grad, OW * wide, wide, g, b * g_n, g_c, g_h, g_w, O, OH, OW)
            for top_row in range(0, OH, band):  # some rows at a time stay in the cache
                t = total
                for m in range(first, last):
                    for q in range(0, wide, VL):
                        sums = load(image, t, VL, P, V, L)
                        for i in range(top_row, min(OH, top_row + band)):
                            a, k = starts[m] + i * line, grad + i * OW * wide + q
                            for j in range(OW):
                                add_products(sums, P, V, L, image, a + j * step, 1, image, k)
                                k += wide
                        store(image, t, VL, sums, P, V, L)
                        t += P * VL
        for m in range(first, last):
            for o in range(O):
                t = total + ((m - first) * wide + o // VL * VL) * P + o % VL
                for p in range(P):
                    gw[targets[m * P + p] + o * gw_o] = image[t + p * VL]

    return kernel
