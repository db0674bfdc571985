"""The sheet of lesson 03: the whole example by hand on one page, forward, backward, one step."""

from helpers import example
from helpers.drawing.by_hand import stamped, turned
from helpers.drawing.grids import canvas
from helpers.drawing.tensors import (
    DOT,
    GRADIENT,
    TIMES,
    VALUE,
    Part,
    draw_equation,
    number,
    width_of,
)
from helpers.figures import TEXT_WIDTH

_CELL = 0.213  # inches; a number of four signs in 7 points fits
_COLUMNS, _ROWS = (TEXT_WIDTH - 0.2) / _CELL, 41.3  # without the margin of 0.1 inches
_LEFT, _RIGHT, _REMARK = 0.25, 15.6, 22.4  # where the halves and the remarks begin
_SMALL = {"fontsize": 7.5, "va": "center"}

X, U, Y, T = example.IMAGE, example.PATCHES, example.OUTPUT, example.TARGET
W, B = example.KERNEL, example.BIAS.item()
X_GRAD, U_GRAD, Y_GRAD = example.IMAGE_GRAD, example.PATCHES_GRAD, example.UPSTREAM
W_GRAD, B_GRAD = example.KERNEL_GRAD, example.BIAS_GRAD.item()


def page():
    """Return the figure of the sheet; its numbers are those of ``helpers.example``."""
    figure, ax = canvas(_ROWS, _COLUMNS, cell=_CELL)
    _forward(ax)
    _backward(ax)
    _convolutions(ax, 22.6)
    _step(ax, 37.5)
    return figure


def _arrow(ax, x: float, start: float, end: float, colour: str, label: str) -> None:
    """Draw an arrow along column ``x`` from row to row; backward ones are dashed."""
    dashes = "--" if colour == GRADIENT else "-"
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.5, "ls": dashes, "shrinkA": 0}
    ax.annotate("", (x, end), (x, start), arrowprops=style | {"shrinkB": 0})
    ax.text(x + 0.45, (start + end) / 2, label, color="0.15", ha="left", **_SMALL)


def _heading(ax, row: float, left: float, text: str, colour: str = "0.15") -> None:
    ax.text(left, row, text, fontsize=9.5, va="center", color=colour, weight="bold")


def _lines(ax, left: float, middle: float, *lines: str) -> None:
    """Write lines of a remark, centred about a row."""
    for count, line in enumerate(lines):
        ax.text(left, middle + count - (len(lines) - 1) / 2, line, **_SMALL)


def _terms(numbers, factors) -> str:
    """Return "1·2 + 0·(−1)" for two rows of numbers."""
    brackets = [f"({number(f)})" if f < 0 else number(f) for f in factors]
    terms = [f"{number(n)}·{f}" for n, f in zip(numbers, brackets, strict=True)]
    return " + ".join(terms)


def _squares(differences) -> str:
    """Return "½ (1 + 4) = 2.5": half the sum of squares."""
    squares = [value**2 for value in differences.flatten().tolist()]
    return f"½ ({' + '.join(map(number, squares))}) = {number(sum(squares) / 2)}"


def _forward(ax) -> None:
    """Draw the left half: the input, its patches, the product, the output."""
    _heading(ax, 0.5, _LEFT, "Forward: values", VALUE)
    draw_equation(ax, [Part(X, "$X$")], (3.4, _LEFT + 0.5))
    _arrow(ax, _LEFT + 2, 5.1, 6.5, VALUE, "unfold: each window becomes a row")
    product = [Part(U, r"$\mathbf{U}$"), DOT, Part(W.reshape(4, 1), r"$\mathbf{W}$")]
    product += [f"+ {number(B)} =", Part(Y.reshape(4, 1), r"$\mathbf{Y}'$")]
    middle = draw_equation(ax, product, (9.7, _LEFT))[-1] + 0.5
    weights = W.flatten().tolist()
    for p, (patch, value) in enumerate(zip(U.tolist(), Y.flatten().tolist(), strict=True)):
        line = f"{_terms(patch, weights)} = {number(value)}"
        ax.text(_LEFT, 13.2 + 1.1 * p, line, **_SMALL)
    _arrow(ax, middle, 11.9, 18.3, VALUE, "reshape")
    draw_equation(ax, [Part(Y, "$Y$"), "$-$", Part(T, "target"), "="], (20.3, middle - 1))
    ax.text(14.7, 20.35, "the gradient of the loss", **_SMALL)
    ax.text(_LEFT, 19.7, r"loss  $\ell$ = ½ $\sum$ ($Y$ − target)²", **_SMALL)
    ax.text(_LEFT, 21.0, f"= {_squares(Y_GRAD)}", **_SMALL)


def _backward(ax) -> None:
    """Draw the right half, from the bottom up: all gradients."""
    _heading(ax, 0.5, _RIGHT, "Backward: gradients", GRADIENT)
    draw_equation(ax, [Part(X_GRAD, r"$X^\nabla$", True)], (3.4, _RIGHT + 0.5))
    _arrow(ax, _RIGHT + 2, 6.5, 5.1, GRADIENT, "fold: the copies of a pixel are added")
    rows = Part(Y_GRAD.reshape(4, 1), r"${\mathbf{Y}'}^\nabla$", True)
    weights = Part(W.reshape(1, 4), r"$\mathbf{W}^\top$")
    patches = [Part(U_GRAD, r"$\mathbf{U}^\nabla$", True), "=", rows, DOT, weights]
    column = draw_equation(ax, patches, (9.7, _RIGHT))[2]
    kernel = Part(W_GRAD.reshape(4, 1), r"$\mathbf{W}^\nabla$", True)
    product = [kernel, "=", Part(U.T, r"$\mathbf{U}^\top$"), DOT, rows]
    draw_equation(ax, product, (15.2, column + 1 - width_of(product)))
    draw_equation(ax, [Part([[B_GRAD]], r"$b^\nabla$", True), "="], (15.2, column + 2.4))
    _lines(ax, column + 4.4, 15.2, "the sum of the", r"rows of ${\mathbf{Y}'}^\nabla$")
    draw_equation(ax, [Part(Y_GRAD, r"$Y^\nabla$", True)], (20.3, column - 0.5))
    _arrow(ax, column + 0.5, 18.5, 17.4, GRADIENT, "in rows")


def _convolutions(ax, top: float) -> None:
    """Draw the output and both gradients as convolutions, and the transposed convolution."""
    _heading(ax, top, _LEFT, "The output and both gradients are convolutions")
    image, upstream = Part(X, "$X$"), Part(Y_GRAD, r"$Y^\nabla$", True)
    draw_equation(ax, [image, TIMES, Part(W, "$W$"), "=", Part(Y, "$Y$")], (top + 2.9, _LEFT))
    gradient = [image, TIMES, upstream, "=", Part(W_GRAD, r"$W^\nabla$", True)]
    draw_equation(ax, gradient, (top + 2.9, 11.4))
    words = "With a stride of $s$,", r"the entries of $Y^\nabla$", "lie $s$ apart."
    _lines(ax, _REMARK, top + 2.9, *words)
    draw_equation(ax, turned(Y_GRAD, W, X_GRAD), (top + 7.7, _LEFT))
    words = "The kernel is turned", r"by 180°, and $Y^\nabla$ has a", "frame of $k - 1$ zeros."
    _lines(ax, _REMARK, top + 7.7, *words)
    draw_equation(ax, stamped(Y_GRAD, W), (top + 12.2, _LEFT))
    words = r"Each entry of $Y^\nabla$ adds", "its copy of $W$: the", "transposed convolution."
    _lines(ax, _REMARK, top + 12.2, *words)


def _step(ax, top: float) -> None:
    """Draw one step of gradient descent."""
    rate = number(example.LEARNING_RATE)
    _heading(ax, top, _LEFT, f"One step of gradient descent, learning rate {rate}")
    new = Part(example.NEXT_KERNEL, "new $W$")
    kernel = [Part(W, "$W$"), f"− {rate} ·", Part(W_GRAD, r"$W^\nabla$", True), "=", new]
    draw_equation(ax, kernel, (top + 2.6, _LEFT))
    bias = f"{number(B)} − {rate} · {number(B_GRAD)} = {number(example.NEXT_BIAS)}"
    _lines(ax, 12.2, top + 2.6, "new $b$", bias)
    draw_equation(ax, [Part(example.NEXT_OUTPUT, "new $Y$")], (top + 2.6, 17.2))
    _lines(ax, 20.2, top + 2.6, "new loss", _squares(example.NEXT_OUTPUT - T))
