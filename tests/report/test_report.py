"""The report's own pipeline (report/build.py), on small lessons and on the formulas of all."""

import base64
import fcntl
import io
import json
import os
import re
import select
import shutil
import subprocess
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pypdf
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from report import build, common, figures
from report import markdown as reading
from report import pdf as printing
from report import site as web

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


@pytest.fixture(scope="module", autouse=True)
def settled(tmp_path_factory):
    """A version that stays while others work in the folder, and a preface to the small lessons."""
    preface = tmp_path_factory.mktemp("preface") / "preface.md"
    preface.write_text("Read [lesson 3](03_first.ipynb) and the [index](#questions) first.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "git", lambda word, *more: {"log": "1700000000"}.get(word, "v1-test"))
        patch.setattr(reading, "PREFACE", preface)
        yield


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
            "# The first lesson\n\nAs [@lecun1998] say.\n\n**Questions answered here:** 1.1, 1.2."
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
        markdown("> **Correction 18.** It was otherwise.\n"),
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
        markdown("**Answer 1.1.** To be read.", "answer"),
        markdown("## A later section\n\nSee [figure](#fig-curve) and [both](#A-part)."),
        markdown("### A part\n\nThe [section](#A-part) has no number."),
        *[markdown(f"$$\n{formula}\n$$") for formula in FORMULAS],
    )
    return [first, second]


@pytest.fixture(scope="module")
def pdf(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pdf")
    printing.build(lessons(folder / "notebooks"), folder / "report.pdf", "quick")
    return folder / "report.pdf"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    web.build(lessons(folder / "notebooks"), folder / "site", "quick")
    return folder / "site"


@pytest.fixture(scope="module")
def pages(pdf) -> list[str]:
    return texts(pdf)


def texts(pdf: Path) -> list[str]:
    """Return the text of each page, spaces that do not break and marks without width aside."""
    soft = str.maketrans({"\u00a0": " ", "\u2060": None})
    return [page.extract_text().translate(soft) for page in pypdf.PdfReader(pdf).pages]


# -------------------------------------------------------------------------------- the PDF


def test_title_page(pages):
    for text in ("Convolutional networks", "Version", "Profile", "quick", "Machine", "torch 2"):
        assert text in pages[0]


def test_chapters_have_the_number_of_their_file(pages):
    text = "\n".join(pages)
    for words in ("Lesson 3", "3.1 The sum over", "Lesson 7", "7.1 A later section"):
        assert words in text


def test_references_are_numbered(pages):
    text = " ".join(" ".join(pages).split())
    assert (
        "By equation (3.1), figure 3.1, table 3.1 and a detail (section 7.1) of lesson 7." in text
    )
    assert (
        "Table 3.1 puts 95 % of lesson 7, by the program, at −0.5 (−1 to 0), as figure 3.1 does."
        in text
    )
    assert "The section has no number." in text
    assert "(LeCun et al. 1998)" in text and "Gradient-Based Learning" in text
    assert re.search(r"Figure 3\.1\s*The curve bends", text) and re.search(r"Table 3\.1", text)


def test_preface(pages, site):
    """It opens the book and the site, with what the lessons found; a part of a book has none."""
    text = " ".join(next(page for page in pages[2:] if "About this report" in page).split())
    for words in (
        "Read lesson 3 and the index first.",
        "What was found.",
        "• Loops are slow. (lesson 3) • Products win. (lesson 3)",
    ):
        assert words in text
    index = (site / "index.html").read_text()
    assert "About this report" in index and "Loops are slow." in index
    assert '<a href="questions.html#questions">index</a>' in index
    assert not (site / "preface.html").exists()


def test_a_part_of_the_lessons_has_no_preface(tmp_path):
    markdown = reading.to_markdown(common.read(lessons(tmp_path)[1:]))
    assert "preface" not in markdown and "What was found" not in markdown


def test_call_outs(pages, pdf, site):
    text = "\n".join(pages)
    for title in ("Question 1.2", "Answer 1.2", "Derivation: the sum", "Check", "Correction 18"):
        assert title in text
    signs = re.findall(r'class="sign"[^>]*>(.)<', (site / "03_first.html").read_text())
    source = (pdf.with_suffix("") / "main.typ").read_text()
    assert signs == ["?", "→", "∂", "✓", "≠", "i"]
    assert re.findall(r'#callout\("\w+", "(.)"', source)[: len(signs)] == signs


def test_words_and_their_formula_stay_on_one_page(pdf):
    source = (pdf.with_suffix("") / "main.typ").read_text()
    kept = [text[:12] for text in re.findall(r"#lead-in\[\s*(.*)", source)]
    assert kept[1:] == ["Terms vanish", "See #link(la", "The #link(la"]


def test_index_of_questions_gives_the_pages(pages):
    asked = {
        n: 1 + next(i for i, p in enumerate(pages) if f"Question {n}" in p) for n in ("1.1", "1.2")
    }
    index = next(page for page in pages if page.count("Index of questions") and "Asked" in page)
    rows = " ".join(index.split())
    assert f"1.1 Why loops? {asked['1.1']} {asked['1.1']}" in rows
    assert re.search(
        rf"1\.2 \S+ comes out\. What is the size of .*\? {asked['1.2']} {asked['1.2']}", rows
    )
    assert "It matters" not in rows


def test_pages_are_counted(pages):
    assert f"Page 2 of {len(pages)}" in pages[1]


def test_print_is_free_of_plumbing_and_noise(pages):
    text = "\n".join(pages)
    assert "line 0\n" in text and "lines left out" in text and "line 59" in text
    for absent in ("line 40", "UserWarning", "[32m", "plumbing", "seed = 0", "again", "It moves"):
        assert absent not in text
    assert "convolve(x, bias=None) # as before" in " ".join(text.split())


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("x = 1  # noqa: E741", "x = 1"),
        ("x = 1  # noqa: E741, F841, kept", "x = 1  # kept"),
        (")  # fmt: skip", ")"),
        ("# fmt: off\nx = 1", "x = 1"),
        ("x = 1\n\ny = 2  # two", "x = 1\n\ny = 2  # two"),
    ],
)
def test_comments_for_linters_are_not_printed(line, printed):
    assert reading.readable(line) == printed


def test_long_lines_are_broken_with_a_mark(pages):
    lines = [line for page in pages for line in page.splitlines() if "number_" in line]
    assert len(lines) > 2 and all("↪" in line for line in lines[1:])
    assert max(map(len, lines)) <= 100


def test_pdf_is_tagged_and_described(pdf):
    reader = pypdf.PdfReader(pdf)
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en-GB"
    assert reader.metadata.title == common.TITLE
    assert "<pdfuaid:part>1</pdfuaid:part>" in catalog["/Metadata"].get_data().decode()
    assert "A bent curve" in alternatives(catalog)


def alternatives(catalog) -> str:
    """Return the alternative texts of the structure tree."""
    found, queue = [], [catalog["/StructTreeRoot"]]
    while queue:
        node = queue.pop().get_object()
        if isinstance(node, list):
            queue += node
        elif isinstance(node, dict):
            found.append(str(node.get("/Alt", "")))
            queue += [node["/K"]] if "/K" in node else []
    return "\n".join(found)


def test_only_a_long_table_is_torn(tmp_path):
    def table(name, rows):
        lines = [f"| {name}row{i}x | 1 |" for i in range(rows)]
        return markdown("\n".join(["| word | number |", "| --- | ---: |", *lines]))

    cells = [markdown("# Title")]
    for name in "abcdefgh":
        cells += [table(name, 14), markdown("A line.\n\n" * 4)]
    path = notebook(tmp_path / "01_lesson.ipynb", *cells, table("z", 70))
    printing.build([path], tmp_path / "report.pdf", "quick")
    pages = texts(tmp_path / "report.pdf")
    on = {word: n for n, page in enumerate(pages) for word in re.findall(r"\w+row\d+x", page)}
    assert all(on[f"{name}row0x"] == on[f"{name}row13x"] for name in "abcdefgh")
    assert on["zrow0x"] < on["zrow69x"]


def test_figures_stay_in_their_order_and_section(tmp_path):
    """Also a tall one (4 inches): it passes no other one and no heading."""
    cells = [markdown("# Title")]
    for number, height in enumerate([2, 4, 2, 4, 4, 2, 2, 4, 2, 4], start=1):
        shown = displayed(
            drawing(height), "fig", f"number-{number}", f"Caption{number}x.", "A line"
        )
        cells += [markdown(f"## Section{number}x\n\nA line.")] if number % 2 else []
        cells += [new_code_cell("show()", outputs=[shown]), markdown("Between.\n\n" * 3)]
    printing.build([notebook(tmp_path / "01_lesson.ipynb", *cells)], tmp_path / "r.pdf", "quick")
    pages = texts(tmp_path / "r.pdf")[2:]
    text = "\n".join("\n".join(page.splitlines()[1:]) for page in pages)  # no running heads
    captions = re.findall(r"Caption(\d+)x", text)
    assert list(map(int, captions)) == list(range(1, 11))
    for number in range(1, 11, 2):
        assert text.index(f"Section{number}x") < text.index(f"Caption{number}x")


def test_figures_are_vectors(pdf):
    images = [image for page in pypdf.PdfReader(pdf).pages for image in page.images]
    assert images == []


def test_two_folders_give_the_same_bytes(pdf, tmp_path):
    other = tmp_path / "elsewhere" / "report.pdf"
    printing.build(lessons(tmp_path / "other"), other, "quick")
    assert other.read_bytes() == pdf.read_bytes()


# -------------------------------------------------------------------------- what must fail


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"$\nonsense x$", r"01_lesson: formula \\nonsense x\n  cannot be typeset"),
        (r"$\bigl( x \bigr)$", r"01_lesson: .*\n  \\bigl cannot be typeset; write \\left"),
        ("$$\na \\tag{1}\n$$", r"\\tag cannot be typeset"),
        ("[there](#No-such-place)", r"01_lesson: link \[there\]\(#No-such-place\) leads nowhere"),
        ("[there](02_other.ipynb)", r"01_lesson: link .* leads nowhere"),
        ("[figure](#fig-absent)", r"01_lesson: link .* leads nowhere"),
        ("By [@nobody2000].", "01_lesson: citation @nobody2000 is not in references.bib"),
        ('<span id="eq-x"></span> no formula', "01_lesson: .* stands before no formula"),
        ("# Another title", "01_lesson: has two headings of the first level"),
        (r"$\bigoplus_i x_i + \big( x \big)$", r"\\big cannot be typeset"),
        ("[there](../helpers/gone.py)", r"01_lesson: link \[there\]\(\.\./helpers/gone.py\) leads"),
        ('<a href="#there">there</a>', '01_lesson: <a href="#there"> in the text is HTML'),
        ("See [there][nowhere].", r"01_lesson: .*\]\[.* is meant as a link"),
        ("![there](there.png)", "01_lesson: the picture there.png in the text"),
        ("> **Question 1.1.** Why?", "01_lesson: question 1.1 has no answer"),
        ("> **Answer 1.1.** So.", "01_lesson: answer 1.1 is to no question"),
        ("> **Question.** Why?", r"01_lesson: \*\*Question\.?\*\* needs a number"),
        ("> **Qestion 1.1.** Why?", r"01_lesson: .* \*\*Qestion 1.1.\*\*, which is no kind of"),
    ],
)
def test_mistakes_of_a_lesson_stop_the_build(tmp_path, text, message):
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title\n"), markdown(text))
    with pytest.raises(common.ReportError, match=message):
        printing.build([path], tmp_path / "report.pdf", "full")
    assert not (tmp_path / "report.pdf").exists()


def test_a_picture_needs_a_caption(tmp_path):
    output = new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"})
    cell = new_code_cell("plt.show()", outputs=[output])
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), cell)
    with pytest.raises(common.ReportError, match="01_lesson: a picture without a caption"):
        printing.build([path], tmp_path / "report.pdf", "full")


def test_two_figures_need_two_names(tmp_path):
    outputs = [displayed(drawing(), "fig", "same", caption) for caption in ("One.", "Two.")]
    cell = new_code_cell("figures.show()", outputs=outputs)
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), cell)
    with pytest.raises(common.ReportError, match="01_lesson: two figures are named same"):
        figures.build([path], tmp_path / "figures")


def test_the_file_name_gives_the_number(tmp_path):
    with pytest.raises(common.ReportError, match="begins with its number"):
        common.read([notebook(tmp_path / "lesson.ipynb", markdown("# Title"))])


# ---------------------------------------------------------------------------- the lessons


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """The site of all lessons."""
    assert LESSONS
    output = tmp_path_factory.mktemp("book") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PREFACE", common.HERE / "preface.md")
        web.build(LESSONS, output, "full")
    return output


def test_every_lesson_is_typeset(tmp_path, monkeypatch):
    """Every formula, link and citation of the lessons; no chapter ends in a few lost lines."""
    monkeypatch.setattr(reading, "PREFACE", common.HERE / "preface.md")
    printing.build(LESSONS, tmp_path / "report.pdf", "full")
    reader = pypdf.PdfReader(tmp_path / "report.pdf")
    chapters = [entry for entry in reader.outline if not isinstance(entry, list)]
    starts = {entry.title: reader.get_destination_page_number(entry) for entry in chapters}
    assert starts["About this report"] == 2, "the contents need more than one page"
    for title, start in list(starts.items())[1:]:
        lines = reader.pages[start - 1].extract_text().strip().splitlines()
        assert len(lines) >= 2 + 5, f"the page before {title!r} is nearly empty"


def test_every_lesson_is_on_the_web(book):
    check_links(book)
    assert "About this report" in (book / "index.html").read_text()
    assert {f"{path.stem}.html" for path in LESSONS} <= {path.name for path in book.iterdir()}


def test_every_question_of_the_course_is_asked_and_answered(book):
    page = (book / "questions.html").read_text()
    rows = re.findall(
        r"<td[^>]*>(\d\.\d+)</td>\s*<td.*?</td>\s*(<td.*?</td>)\s*(<td.*?</td>)", page, re.S
    )
    course = {1: range(1, 7), 2: range(7, 10), 3: range(10, 18)}
    assert [number for number, _, _ in rows] == [f"{i}.{j}" for i in course for j in course[i]]
    assert all("<a href=" in asked and "<a href=" in answered for _, asked, answered in rows)


# --------------------------------------------------------------------------- the web pages


class Page(HTMLParser):
    """The links, the loaded files and the ids of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.loaded, self.ids = [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if tag == "a" and "href" in attributes else []
        names = {"img": "src", "script": "src", "link": "href"}
        if tag in names and attributes.get(names[tag]):
            self.loaded.append(attributes[names[tag]])


def check_links(site: Path) -> None:
    pages = {path.name: Page(path) for path in site.glob("*.html")}
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), f"{name} has an id twice"
        for file in page.loaded:
            assert file == "data:," or (site / file).is_file(), f"{name} loads {file}"
        for link in page.links:
            if re.match(r"https?://", link):
                continue
            file, _, place = unquote(link).partition("#")
            assert (site / (file or name)).is_file(), f"{name}: {link}"
            assert not place or place in pages[file or name].ids, f"{name}: {link}"


def test_internal_links_of_the_site_resolve(site):
    check_links(site)
    assert "03_first.html" in Page(site / "index.html").links
    assert "notebooks/03_first.ipynb" in Page(site / "03_first.html").links


def test_site_has_animation_formulas_and_next(site):
    page = (site / "03_first.html").read_text()
    assert "figures/03-moving.png" in page and "figures/03-curve.svg" in page
    assert "<math" in page and '<a rel="next" href="07_second.html">' in page


def test_site_names_the_licence_of_each_font(site):
    text = (site / "fonts" / "LICENSE.txt").read_text()
    fonts = [file.name for file in (site / "fonts").glob("*.ttf")]
    assert fonts and all(name in text for name in fonts)
    assert text.count("http") >= len(fonts) and "SIL OPEN FONT LICENSE Version 1.1" in text


def test_site_can_be_searched(site):
    text = (site / "sections.js").read_text()
    sections = json.loads(text.removeprefix("const sections = ").rstrip(";\n"))
    found = [section["path"] for section in sections if "A later section" in section["title"]]
    assert found == ["07_second.html#07-A-later-section"]
    assert any("convolve(x, bias=None)" in section["text"] for section in sections)


def test_site_gives_the_same_bytes(site, tmp_path):
    web.build(lessons(tmp_path / "other"), tmp_path / "site", "quick")
    files = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert files == sorted(
        p.relative_to(tmp_path / "site") for p in (tmp_path / "site").rglob("*.*")
    )
    for file in files:
        assert (site / file).read_bytes() == (tmp_path / "site" / file).read_bytes(), file


def test_site_joins_a_number_and_its_sign(site):
    assert "95\u00a0%" in (site / "03_first.html").read_text()


class Browser:
    """Chromium without a window, spoken to through two pipes; what it logs is kept."""

    def __init__(self, program: str, folder: Path):
        downstream, upstream = os.pipe(), os.pipe()
        pipes = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (downstream[0], upstream[1])]
        quiet = ["background-networking", "component-update", "sync", "default-apps", "gpu"]
        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe",
             f"--user-data-dir={folder}", *(f"--disable-{what}" for what in quiet)],
            close_fds=False, preexec_fn=lambda: (os.dup2(pipes[0], 3), os.dup2(pipes[1], 4)),
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for fd in (*pipes, downstream[0], upstream[1]):
            os.close(fd)
        self.commands, self.answers = downstream[1], upstream[0]
        self.session, self.buffer, self.events, self.calls = None, b"", [], 0
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters):
        """Send a command and return its result."""
        self.calls += 1
        message = {"id": self.calls, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        answer = self.wait(lambda message: message.get("id") == self.calls)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def wait(self, wanted) -> dict:
        """Return the next message that is wanted; the others are kept in ``events``."""
        while True:
            while b"\0" not in self.buffer:
                ready, _, _ = select.select([self.answers], [], [], 120)
                data = os.read(self.answers, 1 << 20) if ready else b""
                assert data, "the browser says nothing"
                self.buffer += data
            message, self.buffer = self.buffer.split(b"\0", 1)
            message = json.loads(message)
            if wanted(message):
                return message
            self.events.append(message)

    def open(self, page: Path, width: int = 1400, scheme: str = "light") -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self("Emulation.setEmulatedMedia", features=[feature])
        self.events.clear()
        self("Page.navigate", url=page.as_uri())
        self.wait(lambda message: message.get("method") == "Page.loadEventFired")

    def complaints(self) -> list[dict]:
        """Return what the page wrote to its console, failed to load or threw."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in kinds]

    def foreign(self) -> list[str]:
        """Return the addresses that the page asked for and that are no files."""
        sent = [e["params"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        urls = [event["request"]["url"] for event in sent]
        return [url for url in urls if not url.startswith(("file:", "data:"))]

    def run(self, script: str):
        """Return what an expression is in the page."""
        answer = self("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        self("Browser.close")
        self.process.wait(30)
        os.close(self.commands)
        os.close(self.answers)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("chromium is not on PATH, so the web pages were not opened in a browser")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


PROBE = """
(async () => {
  const formulas = [...document.querySelectorAll("math")], images = [...document.images];
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode()));
  await document.fonts.ready;
  return {
    formulas: formulas.filter((formula) => formula.getBoundingClientRect().width > 0).length,
    font: formulas.length === 0 || document.fonts.check("16px 'STIX Two Math'"),
    broken: images.filter((image) => image.naturalWidth === 0).map((image) => image.src),
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
})()
"""


@pytest.mark.parametrize("width", [1400, 375], ids=["desktop", "phone"])
@pytest.mark.parametrize("pages", ["site", "book"])
def test_pages_in_a_browser(browser, request, pages, width):
    """Every page loads from the file system, without errors, other hosts or scrolling sideways."""
    for page in sorted(request.getfixturevalue(pages).glob("*.html")):
        browser.open(page, width)
        formulas = page.read_text().count("<math")
        expected = {"formulas": formulas, "font": True, "broken": [], "wider": 0}
        assert browser.run(PROBE) == expected, page.name
        assert browser.complaints() == [], page.name
        assert browser.foreign() == [], page.name


def test_the_browser_would_tell(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="https://host.invalid/x.png"><script>console.error("no")</script>')
    browser.open(page)
    assert browser.foreign() == ["https://host.invalid/x.png"]
    assert browser.complaints()


def test_search_in_a_browser(browser, site):
    browser.open(site / "index.html", 375)
    browser.run("document.querySelector('input').focus()")
    browser("Input.insertText", text="later SECTION")
    results = "document.querySelector('[role=search] ol')"
    assert browser.run(f"{results}.querySelector('a').href").endswith("#07-A-later-section")
    sides = "((box) => [box.left, box.right])(document.querySelector('%s').getBoundingClientRect())"
    left, right = browser.run(sides % "[role=search] ol")
    assert [left, right] == browser.run(sides % "[role=search] input")
    assert 0 <= left < 40 and 335 < right <= 375
    browser("Input.insertText", text=" nonsense")
    assert browser.run(f"{results}.innerText") == "nothing found"


def test_dark_and_light(browser, site):
    colours = set()
    for scheme in ("light", "dark"):
        browser.open(site / "03_first.html", scheme=scheme)
        style = "getComputedStyle(document.documentElement)"
        colours |= {browser.run(f"{style}.backgroundColor"), browser.run(f"{style}.color")}
    assert len(colours) == 4


def test_figures_are_legible_on_a_phone(browser, book):
    """A wide figure is scrolled, not made smaller than its words can be read."""
    browser.open(book / "06_mnist_baseline.html", 375)
    browser.run(PROBE)
    widths = browser.run("[...document.images].map((image) => image.getBoundingClientRect().width)")
    assert widths and min(widths) > 450


# ------------------------------------------------------------------------------ figures/


def test_figures_folder(tmp_path):
    paths, output = lessons(tmp_path / "notebooks"), tmp_path / "figures"
    output.mkdir()
    (output / "03-gone.svg").write_text("a figure that no lesson makes any more")
    build.main(["figures", "--output", str(output), *map(str, paths)])
    names = {"03-curve.png", "03-curve.svg", "03-moving.png", "README.md"}
    assert {path.name for path in output.iterdir()} == names
    index = (output / "README.md").read_text()
    assert "The curve bends at $x = 1$." in index and "03_first" in index
    before = {path: path.stat().st_mtime_ns for path in output.iterdir()}
    build.main(["figures", "--output", str(output), *map(str, paths)])
    assert before == {path: path.stat().st_mtime_ns for path in output.iterdir()}
