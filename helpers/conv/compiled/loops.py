"""The compiled loops of which the three maps of a convolution are made.

``correlate`` gives output and input gradient, ``scatter`` the input gradient of few channels, and
``weight_gradient`` the third map. Each takes one image after the other into a frame of zeros, with
the channels of a pixel side by side (channels last), so that no loop asks where the image ends.
Then every sum is one of products of a number and L neighbouring numbers.

Nothing makes such loops fast but a tile of P x V sums (of L numbers each) that stays in registers
while products are added: P + V are read for P * V multiplications.
"""

from functools import lru_cache

from numba import float32, float64, int64, uint8

from helpers.conv.compiled.cache import njit, say_once
from helpers.conv.compiled.vectors import add_products, load, numbers, store, store_first

NONE = 4  # of four pixels, 0 to 3: the maximum is not above 0
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


@njit
def pool(x, i, line, y, which, k, O, height, width):
    """Write the maxima over 2x2 pixels, where above 0, and which pixel they are; NaN counts."""
    for r in range(height):
        for c in range(width):
            a, b = i + 2 * r * line + 2 * c * O, k + (r * width + c) * O
            for o in range(O):
                best, place = x[a + o], 0
                for p in range(1, 4):
                    value = x[a + (p // 2) * line + (p % 2) * O + o]
                    larger = value > best or value != value
                    best, place = value if larger else best, p if larger else place
                y[b + o] = 0 if best <= 0 else best
                which[b + o] = NONE if best <= 0 else place


@lru_cache
def correlate(size, P, V, L, pooled=False):
    """Return y[i, j, o] = bias[o] + sum over t, c of x[place of (i, j, t), c] * w[t, c, o].

    A tile is P neighbouring pixels (i, j) by V runs of L output channels o. ``pooled``: y is kept
    for one image, at ``result`` in the scratch memory, and only its maxima are written.
    """
    say_once()
    number, VL = TYPES[size], V * L

    @njit
    def kernel(
        x_, x_n, x_c, x_h, x_w, C, H, W, rows, columns, top, left, start, s_h, s_w,
        w_, w_c, w_o, bias_, taps_, offsets_, T, y_, y_n, y_c, y_h, y_w, O, OH, OW,
        which_, result, scratch_, first, last,
    ):  # fmt: skip
        x, w, output = numbers(x_, number), numbers(w_, number), numbers(y_, number)
        bias, image = numbers(bias_, number), numbers(scratch_, number)
        taps, offsets = numbers(taps_, int64), numbers(offsets_, int64)
        y = image if pooled else output
        line, step, wide = s_h * columns * C, s_w * C, -(-O // VL) * VL
        weight = rows * columns * C  # where in the scratch memory they are
        begin = weight + wide * T * C
        aside = begin + wide
        clear(image, 0, weight)
        clear(image, begin, aside)
        pack(image, weight, w, taps, T, w_c, w_o, C, O, VL)
        if bias_ != 0:
            for o in range(O):
                image[begin + o] = bias[o]
        inside = (top * columns + left) * C
        for b in range(first, last):
            copy(image, inside, columns * C, C, x, b * x_n, x_c, x_h, x_w, C, H, W)
            base = result if pooled else b * y_n
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
                        a = base + i * y_h + j * y_w + q * y_c
                        if y_c == 1 and count == VL:
                            store(y, a, y_w, sums, P, V, L)
                        elif y_c == 1:
                            store_first(y, a, y_w, count, sums, P, V, L)
                        else:
                            store(image, aside, VL, sums, P, V, L)
                            for o in range(count):
                                for p in range(P):
                                    y[a + o * y_c + p * y_w] = image[aside + p * VL + o]
            if pooled:
                which = numbers(which_, uint8)
                pool(image, result, y_h, output, which, b * y_n, O, OH // 2, OW // 2)

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
        g_, g_n, g_c, g_h, g_w, O, OH, OW, band, starts_, targets_, gw_, gw_o, n,
        scratch_, first, last,
    ):  # fmt: skip
        x, g, gw = numbers(x_, number), numbers(g_, number), numbers(gw_, number)
        starts, targets = numbers(starts_, int64), numbers(targets_, int64)
        image, wide = numbers(scratch_, number), -(-O // VL) * VL
        line, step = s_h * columns * C, s_w * C
        total = rows * columns * C  # where in the scratch memory they are
        copied = total + (last - first) * wide * P
        # where the gradient has the layout that is wanted, it is read where it is
        as_is = g_c == 1 and g_w == wide and g_h == OW * wide
        clear(image, 0, copied if as_is else copied + OH * OW * wide)
        grads = g if as_is else image
        inside = (top * columns + left) * C
        for b in range(n):
            copy(image, inside, columns * C, C, x, b * x_n, x_c, x_h, x_w, C, H, W)
            grad = b * g_n if as_is else copied
            if not as_is:
                copy(image, grad, OW * wide, wide, g, b * g_n, g_c, g_h, g_w, O, OH, OW)
            for top_row in range(0, OH, band):  # some rows at a time stay in the cache
                t = total
                for m in range(first, last):
                    for q in range(0, wide, VL):
                        sums = load(image, t, VL, P, V, L)
                        for i in range(top_row, min(OH, top_row + band)):
                            a, k = starts[m] + i * line, grad + i * OW * wide + q
                            for j in range(OW):
                                add_products(sums, P, V, L, image, a + j * step, 1, grads, k)
                                k += wide
                        store(image, t, VL, sums, P, V, L)
                        t += P * VL
        for m in range(first, last):
            for o in range(O):
                t = total + ((m - first) * wide + o // VL * VL) * P + o % VL
                for p in range(P):
                    gw[targets[m * P + p] + o * gw_o] = image[t + p * VL]

    return kernel
