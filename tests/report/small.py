"""Small lessons that hold everything a lesson may hold, and what tests read from the products."""

import base64
import io
from functools import cache
from pathlib import Path

import nbformat
import pypdf
from matplotlib import rc_context
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))

# Derivations as the lessons have them, and whatever pandoc or Typst is known to stumble over.
FORMULAS = r"""
Y_{n,o,y,x} = b_o + \sum_{c=0}^{C-1} \sum_u \sum_v \tilde X_{n,c,s_h y+u,s_w x+v}\, W_{o,c,u,v}
H_{\text{out}} = \left\lfloor \frac{H_{\text{in}} + 2p_h - k_h}{s_h} \right\rfloor + 1
\begin{aligned} a &= \underbrace{b + c}_{\text{per output}} \\ &\quad + d \end{aligned}
f = \begin{cases} 1 & \text{if } o = o', \\ 0 & \text{otherwise} \end{cases}
\begin{pmatrix} 1 & \cdots & 2 \\ \vdots & \ddots & 3 \end{pmatrix} \begin{bmatrix} 1 \end{bmatrix}
\mathbf U^{\nabla} = \mathbf Y'^{\nabla} \mathbf W^\top, \quad A \odot B \otimes C \cap D
\langle \operatorname{unfold}(X), Y \rangle = \langle X, \operatorname{fold}(\mathbf Y) \rangle
|x| + \left| \frac{a}{b} \right| + \lVert x \rVert_2, \qquad 29\,066 \approx \mathbb{R}^{N \times K}
\lceil d \rceil \frac{\partial \ell}{\partial W_{o,c,u,v}} \in \{0, 1\}, \quad \hat y \to \bar x
x \mapsto \max_k z_k
\operatorname{softmax}(z)_j = e^{z_j} / \sum_l e^{z_l}, \quad \binom{n}{k} \le \sqrt{n} \ne \infty
""".strip().splitlines()


def notebook(path: Path, *cells) -> Path:
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    run = {"papermill": {"output_path": str(path)}}  # differs from run to run
    nbformat.write(new_notebook(cells=cells, metadata=run), path)
    return path


def markdown(source: str, *tags: str):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def displayed(data: dict, kind: str, name: str, caption: str, alt: str = ""):
    report = {"kind": kind, "label": f"{kind}-{name}", "caption": caption, "alt": alt}
    return new_output("display_data", data=data, metadata={"report": report})


@cache
def drawing(height: float = 2) -> dict:
    figure = Figure(figsize=(3, height))
    figure.subplots().plot([1, 3, 2])
    svg, png = io.StringIO(), io.BytesIO()
    with rc_context({"svg.hashsalt": "test"}):
        figure.savefig(svg, format="svg", metadata={"Date": None})
    figure.savefig(png, format="png")
    image = base64.b64encode(png.getvalue()).decode()
    return {"image/png": image, "image/svg+xml": svg.getvalue()}


def lessons(folder: Path) -> list[Path]:
    """Two small lessons that hold everything a lesson may hold."""
    folder.mkdir(parents=True, exist_ok=True)
    long_line = "value = [" + ", ".join(f"number_{i}" for i in range(30)) + "]"
    frame = (
        "<table><thead><tr><th></th><th>layer</th><th>weights</th></tr></thead>"
        "<tbody><tr><th>0</th><td>first</td><td>-160</td></tr></tbody></table>"
    )
    drawn = drawing()
    still = {"image/png": drawn["image/png"]}
    outputs = [
        new_output("stream", name="stdout", text="\x1b[32mgreen\x1b[0m\n"),
        new_output("stream", name="stdout", text="".join(f"line {i}\n" for i in range(60))),
        new_output("stream", name="stderr", text="UserWarning: 50%|#####     | 3/6\n"),
    ]
    first = notebook(
        folder / "03_first.ipynb",
        markdown(
            "# The first lesson\n\n"
            "As [LeCun et al. 1998](https://doi.org/10.1109/5.726791) say.\n\n"
            "**Questions answered here:** 1.1, 1.2."
        ),
        new_code_cell("seed = 0", metadata={"tags": ["parameters"]}),
        new_code_cell("import plumbing", metadata={"tags": ["hide-input"]}),
        markdown(
            "## The sum over $c$\n\n"
            '<span id="eq-sum"></span>\n$$\ny = \\sum_{c} x_c\n$$\n\n'
            "By [equation](#eq-sum), [figure](#fig-curve), [table](#tbl-layers) and "
            "[a detail](07_second.ipynb#A-later-section) of [lesson 07](07_second.ipynb). "
            "The [table](#tbl-layers) puts 95 % of lesson 07, by the [program]"
            "(../helpers/figures.py), at -0.5 (-1 to 0), as the [figure](#fig-curve) does."
        ),
        markdown("> **Question 1.2.** $Y$ comes out. What is the *size* of $Y$? It matters.\n"),
        markdown("**Answer 1.2.** It is $H_{\\text{out}}$.", "answer"),
        markdown("**Derivation: the sum.** Terms vanish:\n\n$$\nx = 0\n$$\n", "derivation"),
        markdown("> **Check.** It holds.\n"),
        markdown("> **Common mistake: 18.** It was otherwise.\n"),
        markdown("> **A good guess is wrong here: bytes.** They wrap round.\n"),
        markdown("> **Note.** Noted.\n"),
        new_code_cell("convolve(x, bias=None)  # noqa: E741, as before"),
        new_code_cell(long_line, outputs=outputs),
        new_code_cell(
            "figures.show(figure)",
            outputs=[
                displayed(drawn, "fig", "curve", "The curve bends at $x = 1$.", "A bent curve"),
                displayed({"text/markdown": "*again*"}, "skip", "x", ""),
                displayed(still, "animation", "moving", "It moves.", "A moving thing"),
                displayed({"text/html": frame}, "tbl", "layers", "All layers."),
            ],
        ),
        new_code_cell(
            "found",
            metadata={"tags": ["hide-input", "finding"]},
            outputs=[
                new_output(
                    "display_data",
                    data={"text/markdown": "- Measured here: loops are slow.\n- Products win."},
                )
            ],
        ),
        markdown(
            f"Too long for a phone: $y = {' + '.join(f'x_{{{i}}}' for i in range(30))}$.\n\n"
            f"| {' | '.join(f'column {i}' for i in range(9))} |\n{'| - ' * 9}|\n{'| 1 ' * 9}|"
        ),
    )
    second = notebook(
        folder / "07_second.ipynb",
        markdown("# The second lesson\n\n> **Question 1.1.** Why loops?\n"),
        new_code_cell(  # an answer that holds a measured result
            "figures.text(answer)",
            metadata={"tags": ["hide-input", "answer"]},
            outputs=[
                new_output("display_data", data={"text/markdown": "**Answer 1.1.** To be read."})
            ],
        ),
        markdown("## A later section\n\nSee [figure](#fig-curve) and [both](#A-part)."),
        markdown("### A part\n\nThe [section](#A-part) has no number."),
        *[markdown(f"$$\n{formula}\n$$") for formula in FORMULAS],
    )
    return [first, second]


def texts(pdf: Path) -> list[str]:
    """Return the text of each page, spaces that do not break and marks without width aside."""
    soft = str.maketrans({"\u00a0": " ", "\u2060": None})
    return [page.extract_text().translate(soft) for page in pypdf.PdfReader(pdf).pages]
