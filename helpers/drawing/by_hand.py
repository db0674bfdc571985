"""Pictures of the example by hand: its windows, its product, and its gradients as convolutions."""

import numpy as np

from helpers.drawing.grids import canvas
from helpers.drawing.tensors import (
    CENTRE,
    DOT,
    TIMES,
    Part,
    draw_equation,
    draw_part,
    number,
    width_of,
)
from helpers.figures import TEXT_WIDTH


def _sizes(image, kernel, stride: int = 1) -> tuple[int, int]:
    """Return (H_out, W_out); raise ValueError unless both are matrices and the kernel fits."""
    shapes = np.shape(image), np.shape(kernel)
    if any(len(shape) != 2 for shape in shapes) or any(np.subtract(*shapes) < 0):
        raise ValueError(f"expected an image and a kernel that fits it, got shapes {shapes}")
    height, width = np.subtract(*shapes) // stride + 1
    return int(height), int(width)


def _expect(name: str, values, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``values`` as an array; raise ValueError for another shape."""
    values = np.asarray(values)
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, expected {shape}")
    return values


def windows(image, kernel, output):
    """Return a figure of every window of an image, its products with the kernel, and their sum.

    ``image`` is (H_in, W_in), ``kernel`` (k_h, k_w), ``output`` (H_out, W_out) of stride 1; take
    few windows. Raises ValueError for shapes that do not belong together.
    """
    image, kernel = np.asarray(image), np.asarray(kernel)
    out_h, out_w = _sizes(image, kernel)
    output = _expect("output", output, (out_h, out_w))
    (height, width), (k_h, k_w) = image.shape, kernel.shape
    columns = k_w + 2.2 + output.size * (width + 0.9) + 1.2 + out_w
    figure, ax = canvas(height + k_h + 4.4, columns + 0.4, cell=TEXT_WIDTH / (columns + 0.4))
    middle = 1.0 + height + 0.9 + k_h / 2
    draw_part(ax, Part(kernel, "$W$"), (middle - k_h / 2, 0.2))
    cells = []
    for p, (y, x) in enumerate(np.ndindex(out_h, out_w)):
        left, colour = k_w + 2.2 + p * (width + 0.9), f"C{p}"
        window = image[y : y + k_h, x : x + k_w]
        draw_part(ax, Part(image, "", highlight=[(y, x, k_h, k_w, colour)]), (1.0, left))
        centre = left + width / 2
        ax.text(centre, 0.5, f"$y={y}$, $x={x}$", fontsize=8, **CENTRE)
        products = Part(window * kernel, highlight=[(0, 0, k_h, k_w, colour)])
        draw_part(ax, products, (middle - k_h / 2, centre - k_w / 2))
        value = Part(output[y : y + 1, x : x + 1], highlight=[(0, 0, 1, 1, colour)])
        draw_part(ax, value, (middle + k_h / 2 + 0.9, centre - 0.5))
        for row, sign in ((1.4 + height, r"$\odot\,W$"), (middle + k_h / 2 + 0.42, "sum")):
            ax.text(centre, row, sign, fontsize=8, **CENTRE)
        cells.append((y, x, 1, 1, colour))
    left = columns + 0.2 - out_w
    draw_part(ax, Part(output, "$Y$", highlight=cells), (middle + k_h / 2 + 1.4 - out_h / 2, left))
    return figure


def product(image, patches, kernel, output):
    """Return a figure of the example as a product: X, U · W = Y', sorted into Y; a colour a patch.

    ``image`` is (H_in, W_in), ``patches`` (P, K), ``kernel`` (k_h, k_w) and ``output`` (H_out,
    W_out), of stride 1. Raises ValueError for shapes that do not belong together.
    """
    image, kernel = np.asarray(image), np.asarray(kernel)
    out_h, out_w = _sizes(image, kernel)
    patches = _expect("patches", patches, (out_h * out_w, kernel.size))
    output = _expect("output", output, (out_h, out_w))
    rows = [(p, 0, 1, kernel.size, f"C{p}") for p in range(len(patches))]
    sums = [(p, 0, 1, 1, f"C{p}") for p in range(len(patches))]
    sorted_ = [(*divmod(p, out_w), 1, 1, f"C{p}") for p in range(len(patches))]
    parts = [
        Part(image, "$X$", highlight=[(0, 0, *kernel.shape, "C0")]),
        " unfold → ",
        Part(patches, "", highlight=rows),
        DOT,
        Part(kernel.reshape(-1, 1), r"$\mathbf{W}$"),
        "=",
        Part(output.reshape(-1, 1), r"$\mathbf{Y}'$", highlight=sums),
        " reshape → ",
        Part(output, "$Y$", highlight=sorted_),
    ]
    width = width_of(parts, 1.3) + 0.4
    figure, ax = canvas(len(patches) + 2.1, width, cell=min(0.28, TEXT_WIDTH / width))
    middle = 1.9 + len(patches) / 2
    left = draw_equation(ax, parts, (middle, 0.2), 1.3)[2]
    small = {"fontsize": 7.5, "color": "0.35", "va": "center"}
    for p in range(len(patches)):
        place = middle - len(patches) / 2 + p + 0.5
        ax.text(left - 0.2, place, f"$p={p}$" if p == 0 else f"{p}", ha="right", **small)
    for k in range(kernel.size):
        label = f"$k={k}$" if k == 0 else f"{k}"
        ax.text(left + k + 0.5, middle - len(patches) / 2 - 0.4, label, ha="center", **small)
    ax.text(left + kernel.size / 2, 0.75, r"$\mathbf{U}$", fontsize=8.5, **CENTRE)
    return figure


def stamps(output_grad, kernel, stride: int = 1) -> list[np.ndarray]:
    """Return the copies of the kernel that a transposed convolution adds up, one per entry.

    ``output_grad`` is (H_out, W_out), ``kernel`` (k_h, k_w); a copy is (height, width) with
    height = stride · (H_out - 1) + k_h, and not a number where it holds nothing.
    """
    output_grad, kernel = np.asarray(output_grad, float), np.asarray(kernel, float)
    size = stride * (np.array(output_grad.shape) - 1) + kernel.shape
    copies = []
    for (y, x), factor in np.ndenumerate(output_grad):
        copy = np.full(size, np.nan)
        rows, columns = slice(stride * y, stride * y + kernel.shape[0]), stride * x
        copy[rows, columns : columns + kernel.shape[1]] = factor * kernel
        copies.append(copy)
    return copies


def stamped(output_grad, kernel, stride: int = 1, name: str = r"$X^\nabla$") -> list[Part | str]:
    """Return the equation of a transposed convolution: its copies of the kernel, and their sum."""
    copies = stamps(output_grad, kernel, stride)
    parts: list[Part | str] = []
    for (y, x), factor in np.ndenumerate(np.asarray(output_grad)):
        copy = copies[y * np.shape(output_grad)[1] + x]
        colour = f"C{y * np.shape(output_grad)[1] + x}"
        box = [(stride * y, stride * x, *np.shape(kernel), colour)]
        title = f"${number(factor)} \\cdot W$".replace("−", "-")
        parts += [Part(copy, title, True, box, empty=np.isnan(copy)), "+"]
    return [*parts[:-1], "=", Part(np.nansum(copies, axis=0), name, True)]


def transposed(output_grad, kernel, strides=(1, 2)):
    """Return a figure of a transposed convolution as copies of the kernel, a row for each stride.

    ``output_grad`` is (H_out, W_out), ``kernel`` (k_h, k_w). Raises ValueError for other shapes.
    """
    if np.ndim(output_grad) != 2 or np.ndim(kernel) != 2:
        shapes = f"{np.shape(output_grad)} and {np.shape(kernel)}"
        raise ValueError(f"expected two matrices, got shapes {shapes}")
    rows = [
        [Part(output_grad, r"$Y^\nabla$", True), "→", *stamped(output_grad, kernel, stride)]
        for stride in strides
    ]
    width = max(width_of(parts, 1.1) for parts in rows) + 2.9
    heights = [len(parts[-1].values) + 1.5 for parts in rows]
    figure, ax = canvas(sum(heights), width, cell=TEXT_WIDTH / width)
    top = 0.0
    for stride, parts, height in zip(strides, rows, heights, strict=True):
        middle = top + 0.4 + height / 2
        ax.text(0.1, middle, f"stride {stride}", ha="left", va="center", fontsize=8.5)
        draw_equation(ax, parts, (middle, 2.7), 1.1)
        top += height
    return figure


def turned(output_grad, kernel, input_grad, pixel: tuple[int, int] | None = None):
    """Return the equations of the turned kernel: W → turned, upstream in zeros ∗ turned = result.

    ``output_grad`` is (H_out, W_out), ``kernel`` (k_h, k_w), ``input_grad`` (height, width), at
    stride 1; the window of ``pixel`` is marked. Raises ValueError when the shapes do not belong
    together.
    """
    output_grad, kernel, input_grad = map(np.asarray, (output_grad, kernel, input_grad))
    if _sizes(input_grad, kernel) != output_grad.shape:
        raise ValueError(
            f"an image {input_grad.shape} and a kernel {kernel.shape} have no output of shape "
            f"{output_grad.shape}"
        )
    frame = [(k - 1, k - 1) for k in kernel.shape]
    outside = np.pad(np.zeros(output_grad.shape, bool), frame, constant_values=True)
    window, cell = (), ()
    if pixel is not None:
        window, cell = [(*pixel, *kernel.shape, "C0")], [(*pixel, 1, 1, "C0")]
    half_turn = Part(kernel[::-1, ::-1], r"$\hat{W}$")
    framed = Part(np.pad(output_grad, frame), r"$\hat{Y}^\nabla$", True, window, outside)
    result = Part(input_grad, r"$X^\nabla$", True, cell)
    return [
        Part(kernel, "$W$"),
        "turn →",
        half_turn,
        " " * 6,
        framed,
        TIMES,
        half_turn,
        "=",
        result,
    ]


def dilated(image, output_grad, kernel_size, stride: int, padding: int):
    """Return a figure of the weight gradient: the image ∗ its upstream gradient, dilated.

    ``image`` is (H_in, W_in), ``output_grad`` (H_out, W_out); the entries of ``output_grad`` lie
    ``stride`` apart. Results beyond ``kernel_size`` are faint: they are cut off. The last weight
    and what it has read are marked. Raises ValueError for shapes that do not belong together.
    """
    padded = np.pad(np.asarray(image, float), padding)
    sizes = _sizes(padded, np.zeros(kernel_size), stride)
    output_grad = _expect("output_grad", output_grad, sizes).astype(float)
    (out_h, out_w), (k_h, k_w) = sizes, kernel_size
    outside = np.pad(np.zeros(np.shape(image), bool), padding, constant_values=True)
    spread = np.zeros((stride * (out_h - 1) + 1, stride * (out_w - 1) + 1))
    spread[::stride, ::stride] = output_grad
    between = np.ones(spread.shape, bool)
    between[::stride, ::stride] = False
    places = np.subtract(padded.shape, spread.shape) + 1
    result = np.zeros(places)
    for u, v in np.ndindex(*places):
        result[u, v] = (padded[u : u + len(spread), v : v + spread.shape[1]] * spread).sum()
    cut = np.ones(places, bool)
    cut[:k_h, :k_w] = False
    corner = k_h - 1, k_w - 1
    steps = [(stride * y, stride * x) for y, x in np.ndindex(out_h, out_w)]
    read = [(corner[0] + y, corner[1] + x, 1, 1, f"C{i}") for i, (y, x) in enumerate(steps)]
    factors = [(y, x, 1, 1, f"C{i}") for i, (y, x) in enumerate(steps)]
    parts = [
        Part(padded, r"$\tilde{X}$", False, read, outside),
        TIMES,
        Part(spread, rf"$Y^\nabla$, dilated by {stride}", True, factors, empty=between),
        "=",
        Part(result, r"$W^\nabla$", True, [(*corner, 1, 1, "0.2")], cut),
    ]
    width = width_of(parts, 1.9) + 0.4
    figure, ax = canvas(len(padded) + 1.3, width)
    draw_equation(ax, parts, (1.1 + len(padded) / 2, 0.2), 1.9)
    return figure
