"""Checks of the exercises of lesson 02: patches, their numbers, and the product."""

import torch
from torch.nn import functional as F

from helpers.exercises.cases import BY_HAND, BY_HAND_KERNEL, IMAGE, NONE, ONE, SHAPES, random
from helpers.exercises.judge import judge
from helpers.exercises.task import Task, run, switches
from helpers.exercises.trouble import calls
from helpers.exercises.values import judge_value
from helpers.exercises.verdict import Wrong


def check_patches(answer) -> None:
    """Exercise 2.1: the patch matrix of a small image, (4, 4)."""
    patches = F.unfold(BY_HAND, 2)[0].T
    by_columns = patches.reshape(2, 2, 4).transpose(0, 1).reshape(4, 4)
    mistakes = {
        "here the patches are columns. Each patch is a row of the patch matrix.": patches.T,
        "the patches are numbered down the columns of the image. The window moves along a row of "
        "the image first: p = y * W_out + x.": by_columns,
        "the values of a patch are read down its columns. They are read row by row: "
        "k = (c * k_h + u) * k_w + v.": patches[:, [0, 2, 1, 3]],
        "the patches are already multiplied by the kernel. The patch matrix holds pixels.": patches
        * BY_HAND_KERNEL.flatten(),
    }
    judge_value(answer, patches, "the patch matrix", mistakes)


def patch_number(y, x, out_h, out_w, wrong=frozenset()):
    """Return the number of the patch at output pixel (y, x), with a mistake."""
    if "columns" in wrong:
        return x * out_h + y
    return y * out_w + x + (1 if "one" in wrong else 0)


def check_patch_number(function) -> None:
    """Exercise 2.2: ``patch_number(y, x, out_h, out_w)``."""

    def reference(y, x, out_h, out_w):
        return patch_number(y, x, out_h, out_w)

    sizes = [(6, 6), (3, 5), (4, 2)]
    cases = [(y, x, h, w) for h, w in sizes for y in range(h) for x in range(w)]
    words = {
        "columns": "the patches are numbered down the columns. The last index, x, runs fastest.",
        "one": "the numbers begin with 1. They begin with 0.",
    }
    mistakes = switches(patch_number, words)
    task = Task("patch_number", reference, cases, mistakes)
    calls(function, task)
    for h, w in sizes:
        _no_collision(function, h, w)
    judge(function, task)


def _no_collision(function, out_h: int, out_w: int) -> None:
    """Raise Wrong when two patches get one number."""
    places: dict = {}
    for y in range(out_h):
        for x in range(out_w):
            one = run(function, (y, x, out_h, out_w))
            if one.error is not None or not isinstance(one.result, (int, float)):
                return  # the judge has words for it
            places.setdefault(one.result, []).append((y, x))
    for number, at in places.items():
        if len(at) > 1:
            raise Wrong(
                f"`patch_number`: there are {len(places)} numbers for the {out_h * out_w} patches "
                f"of a {out_h}x{out_w} output. The patches at (y, x) = {at[0]} and {at[1]} both "
                f"get the number {number}, so one of them overwrites the other."
            )


def unfold(input, kernel_size, stride, padding, wrong=frozenset()):
    """Return the patches (N, K, P) by loops, with the mistakes named in ``wrong``."""
    (k_h, k_w), (s_h, s_w), (p_h, p_w) = kernel_size, stride, padding
    s_h, s_w = (1, 1) if "stride" in wrong else (s_h, s_w)
    s_h, s_w = (s_w, s_h) if "stride order" in wrong else (s_h, s_w)
    p_h, p_w = (0, 0) if "padding" in wrong else (p_h, p_w)
    p_h, p_w = (p_w, p_h) if "padding order" in wrong else (p_h, p_w)
    padded = F.pad(input, (p_w, p_w, p_h, p_h))
    n, c, height, width = padded.shape
    out_h, out_w = (height - k_h) // s_h + 1, (width - k_w) // s_w + 1
    out_w = out_h if "square" in wrong else out_w
    windows = input.new_zeros(n, c, k_h, k_w, out_h, out_w)
    short = 1 if "last" in wrong else 0
    move_h, move_w = (1, 1) if "start" in wrong else (s_h, s_w)
    for y in range(out_h - short):
        for x in range(out_w - short):
            top, left = move_h * y, move_w * x
            windows[..., y, x] = padded[:, :, top : top + k_h, left : left + k_w]
    if "places" in wrong:
        windows = windows.transpose(2, 3)
    if "channels last" in wrong:
        windows = windows.permute(0, 2, 3, 1, 4, 5)
    if "patch order" in wrong:
        windows = windows.transpose(4, 5)
    if "channels apart" in wrong:
        return windows.permute(0, 2, 3, 1, 4, 5).reshape(n, k_h * k_w, -1)
    columns = windows.reshape(n, c * k_h * k_w, -1)
    if "collide" in wrong:
        columns = _collide(columns, out_h, out_w)
    if "scrambled" in wrong:
        return columns.transpose(1, 2).reshape(columns.shape)
    return columns.transpose(1, 2) if "rows" in wrong else columns


def _collide(columns, out_h: int, out_w: int):
    """Write patch (y, x) into column y + x, as the original does."""
    overwritten = torch.zeros_like(columns)
    for y in range(out_h):
        for x in range(out_w):
            overwritten[:, :, y + x] = columns[:, :, y * out_w + x]
    return overwritten


def check_unfold(function) -> None:
    """Exercise 2.3: ``unfold(input, kernel_size, stride, padding)``, pairs (height, width)."""

    def reference(input, kernel_size, stride, padding):
        return F.unfold(input, kernel_size, 1, padding, stride)

    words = {
        "rows": "each patch is a row. `unfold` returns patches as columns, (N, K, P).",
        "scrambled": "the patches were collected as rows (N, P, K) and reshaped to (N, K, P). That "
        "needs a transpose.",
        "channels apart": "each channel has become a patch of its own. The channels of a window "
        "belong to one patch of K = C k_h k_w values.",
        "collide": "the patch at (y, x) is written into column y + x, so patches overwrite each "
        "other. The number is y * W_out + x.",
        "patch order": "the patches are numbered down the columns. The number is y * W_out + x.",
        "places": "the values of a patch are read down its columns. They are read row by row.",
        "channels last": "the values of a patch are in the order (u, v, c). The "
        "channel comes first.",
        "last": "the patches of the last row and column are never written. `range(n)` "
        "ends at n - 1.",
        "stride": "the stride is ignored.",
        "start": "there are as many patches as there should be, but the window moves by one pixel. "
        "It begins at row s_h * y and column s_w * x.",
        "stride order": "the strides of height and width are exchanged.",
        "padding": "the padding is ignored.",
        "padding order": "the paddings of height and width are exchanged. `F.pad` begins with the "
        "last axis.",
        "square": "the width of the output is taken to be its height.",
    }
    cases = [(IMAGE, (2, 2), ONE, NONE)]
    for shape in SHAPES:
        image = random(shape.batch, shape.in_channels, *shape.size, seed=1)
        cases.append((image, shape.kernel_size, shape.stride, shape.padding))
    axes = ("image", "value of the patch", "patch")
    mistakes = switches(unfold, words)
    judge(function, Task("unfold", reference, cases, mistakes, axes=axes))
