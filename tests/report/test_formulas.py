"""Every sign that formulas.py lets through is the same in JupyterLab, the PDF and the page."""

import re
import unicodedata

import pytest
from matplotlib._mathtext_data import tex2uni
from small import markdown, notebook, texts

from report import formulas
from report.pdf import build as build_pdf
from report.site import build as build_site

# signs that matplotlib lacks, or that differ in nothing but their code
ALSO = {
    "dots": "…", "ldots": "…", "lvert": "|", "rvert": "|", "lVert": "‖", "rVert": "‖", "to": "→",
    "gets": "←", "mid": "∣", "langle": "⟨", "rangle": "⟩", "notin": "∉", "ne": "≠", "neq": "≠",
    "le": "≤", "ge": "≥", "bot": "⊥", "perp": "⟂", "parallel": "∥", "ast": "*", "setminus": "\\",
    "epsilon": "ϵ", "varepsilon": "ε", "phi": "ϕ", "varphi": "φ", "nabla": "∇", "emptyset": "∅",
    "cong": "≅", "longrightarrow": "→", "longleftarrow": "←", "top": "⊤", "hbar": "ℏ", "ell": "ℓ",
    "odot": "⊙", "vee": "∨", "wedge": "∧", "star": "⋆", "cdot": "⋅", "prime": "′",
}  # fmt: skip
SAME = str.maketrans("⊥∗⟋∖∙·‖|─⟶⟵⟺⨀ħ", "⟂*/\\••∥∣−→←⇔⊙ℏ")


def plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(SAME).replace("\ufe0e", "")


def sign(name: str) -> str:
    return plain(ALSO.get(name) or chr(tex2uni[name]))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The text of the PDF and the page of all signs, each between the words of its name."""
    folder = tmp_path_factory.mktemp("signs")
    signs = [rf"x{name}x $\{name}$ y." for name in sorted(formulas.SIGNS)]
    functions = [rf"x{name}x $a \{name} b$ y." for name in sorted(formulas.FUNCTIONS)]
    cells = [markdown("# Title"), *map(markdown, signs + functions)]
    path = notebook(folder / "01_lesson.ipynb", *cells)
    build_pdf([path], folder / "report.pdf", "full")
    build_site([path], folder / "site", "full")
    page = (folder / "site" / "01_lesson.html").read_text(encoding="utf-8")
    return "\n".join(texts(folder / "report.pdf")), page


@pytest.mark.parametrize("name", sorted(formulas.SIGNS))
def test_sign(built, name):
    text, page = built
    (printed,) = re.findall(rf"x{name}x(.*?)y\.", text, re.S)
    assert plain("".join(printed.split())) == sign(name)
    (shown,) = re.findall(rf"x{name}x.*?<m[io][^>]*>(.*?)</m[io]>", page)
    assert plain(shown) == sign(name)


@pytest.mark.parametrize("name", sorted(formulas.FUNCTIONS))
def test_function(built, name):
    word = "mod" if name == "bmod" else name
    (printed,) = re.findall(rf"x{name}x(.*?)y\.", built[0], re.S)
    assert "".join(plain(printed).split()) == f"a{word}b"
    assert re.search(rf"x{name}x.*?<mi[^>]*>{word}</mi>", built[1])


STRUCTURES = {
    r"\widehat{xy}": ("accent(x y,", "<mover><mrow><mi>x</mi><mi>y</mi></mrow><mo"),
    r"\overrightarrow{AB}": ("accent(A B,", "<mover><mrow><mi>A</mi>"),
    r"\overline{ab}": ("overline(a b)", "<mover>"),
    r"\hat x": ("hat(x)", "<mover><mi>x</mi>"),
    r"\vec x": ("arrow(x)", "<mover><mi>x</mi>"),
    r"\underbrace{a + b}_{n}": ("underbrace(a + b, n)", "<munder>"),
    r"\mathbf{W}": ("upright(bold(W))", '<mi mathvariant="bold">𝐖</mi>'),
    r"\mathbb R": ("bb(R)", "ℝ"),
    r"\text{if } x": ('upright("if") x', "if"),
    r"\operatorname{fold}(x)": ('op("fold")', ">fold</mi>"),
    r"\frac{a}{b}": ("a / b", "<mfrac>"),
    r"\binom{n}{k}": ("binom(n, k)", 'linethickness="0"'),
    r"\sqrt[3]{x}": ("root(3, x)", "<mroot>"),
    r"a\,b": ("a thin b", 'width="0.167em"'),
    r"a\;b": ("a thick b", 'width="0.278em"'),
    r"a\qquad b": ("a #h(2em) b", 'width="2.0em"'),
    r"\left( \frac{a}{b} \right)": ("(a / b)", 'stretchy="true"'),
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}": ('mat(delim: "(", a, b; c, d)', "<mtable>"),
    r"\begin{cases} a & b \\ c & d \end{cases}": ("cases(", "<mtable>"),
    r"\begin{aligned} a &= b \\ &= c \end{aligned}": ("a & = b", "<mtable>"),
}


def test_structures(tmp_path):
    """Also names that the layout uses for colours: they change no formula."""
    cells = [markdown("# Title"), *(markdown(f"Here ${tex}$.") for tex in STRUCTURES)]
    path = notebook(tmp_path / "01_lesson.ipynb", *cells)
    build_pdf([path], tmp_path / "report.pdf", "full")
    build_site([path], tmp_path / "site", "full")
    source = (tmp_path / "report" / "main.typ").read_text(encoding="utf-8")
    page = (tmp_path / "site" / "01_lesson.html").read_text(encoding="utf-8")
    printed = re.findall(r"#layout\.formula\(.*?\);\.", source, re.S)
    shown = re.findall(r"Here(.*?)</p>", page, re.S)
    assert len(printed) == len(shown) == len(STRUCTURES)
    for (typst, mathml), one, other in zip(STRUCTURES.values(), printed, shown, strict=True):
        assert typst in one and mathml in other
    assert "rgb(" not in "\n".join(texts(tmp_path / "report.pdf"))


@pytest.mark.parametrize(
    ("tex", "problem"),
    [
        (r"\overset{a}{b}", r"\overset cannot be typeset; write words beside the formula"),
        (r"\begin{matrix} a \end{matrix}", "{matrix} cannot be typeset; write pmatrix or bmatrix"),
        (r"\begin{vmatrix} a \end{vmatrix}", r"{vmatrix} cannot be typeset; write \det and"),
        (r"\begin{align} a \end{align}", "{align} cannot be typeset; write aligned"),
        (r"a\hspace{1cm}b", r"\hspace cannot be typeset; write \quad"),
        (r"a\enspace b", r"\enspace cannot be typeset; write \quad"),
        (r"a\mspace{5mu}b", r"\mspace cannot be typeset; write \,"),
        (r"a\!b", r"\! cannot be typeset; write nothing"),
        (r"a\ b", r"\  cannot be typeset; write \,"),
        (r"\color{red} x", r"\color cannot be typeset; write words"),
        (r"\mathop{x}_a", r"\mathop cannot be typeset; write \operatorname"),
        (r"\operatorname*{x}_a", r"\operatorname* cannot be typeset; write \operatorname"),
        (r"\left. x \right|", r"\left. cannot be typeset"),
        (r"\| x \|", r"\| cannot be typeset; write \lVert and \rVert"),
        (r"\mathbf{\theta}", r"a command inside \mathbf cannot be typeset"),
        (r"x % y", "a comment (%) cannot be typeset"),
        ("x × y", "a letter that is not ASCII cannot be typeset"),
        ("→", "the character → (U+2192) cannot be typeset"),
        (r"\left( x", r"\left without \right cannot be typeset; write both"),
        ("a_b_c", "a second _ in _b_ cannot be typeset; write braces around the first"),
        (r"x^{\frac{a}{b}} ^2", r"a second ^ in ^{\frac{a}{b}} ^ cannot be typeset"),
        (" ", "an empty formula cannot be typeset; write one between"),
        (r"\newthing", r"\newthing cannot be typeset; write it with the signs of report/formulas"),
    ],
)
def test_what_would_be_set_wrong_is_refused_with_advice(tex, problem):
    (found,) = formulas.problems(tex)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "tex",
    [
        *(r"\text{é, größer}", r"50\,\% \{ x \}", r"\text{a \_ b}", "x'"),
        *(r"a_{b_c}^{d^e} f_g h_i", r"\left( a \leftarrow b \right)", r"\sum_i^n x_i"),
    ],
)
def test_what_is_let_through(tex):
    assert formulas.problems(tex) == []
