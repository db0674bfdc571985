"""The report's own pipeline (report/build.py), on small lessons and on the formulas of all."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
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

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "report"))
import build  # noqa: E402

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
    nbformat.write(new_notebook(cells=cells), path)
    return path


def markdown(source: str, *tags: str):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def displayed(data: dict, kind: str, name: str, caption: str, alt: str = ""):
    report = {"kind": kind, "label": f"{kind}-{name}", "caption": caption, "alt": alt}
    return new_output("display_data", data=data, metadata={"report": report})


@cache
def drawing() -> dict:
    figure = Figure(figsize=(3, 2))
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
            "[a detail](07_second.ipynb#A-later-section) of [lesson 07](07_second.ipynb)."
        ),
        markdown("> **Question 1.2.** What is the *size* of $Y$? It matters.\n"),
        markdown("**Answer 1.2.** It is $H_{\\text{out}}$.", "answer"),
        markdown("**Derivation: the sum.** Terms vanish.\n\n$$\nx = 0\n$$\n", "derivation"),
        markdown("> **Check.** It holds.\n"),
        markdown("> **Correction 18.** It was otherwise.\n"),
        markdown("> **Note.** Noted.\n"),
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
    )
    second = notebook(
        folder / "07_second.ipynb",
        markdown("# The second lesson\n\n> **Question 1.1.** Why loops?\n"),
        markdown("**Answer 1.1.** To be read.", "answer"),
        markdown("## A later section\n\nSee [figure](#fig-curve)."),
        *[markdown(f"$$\n{formula}\n$$") for formula in FORMULAS],
    )
    return [first, second]


@pytest.fixture(scope="module")
def pdf(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pdf")
    build.build_pdf(lessons(folder / "notebooks"), folder / "report.pdf", "quick")
    return folder / "report.pdf"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build.build_site(lessons(folder / "notebooks"), folder / "site", "quick")
    return folder / "site"


@pytest.fixture(scope="module")
def pages(pdf) -> list[str]:
    # soft spaces and ligatures aside
    return [page.extract_text().replace("\u00a0", " ") for page in pypdf.PdfReader(pdf).pages]


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
    assert "(LeCun et al. 1998)" in text and "Gradient-Based Learning" in text
    assert re.search(r"Figure 3\.1\s*The curve bends", text) and re.search(r"Table 3\.1", text)


def test_call_outs(pages):
    text = "\n".join(pages)
    for title in ("Question 1.2", "Answer 1.2", "Derivation: the sum", "Check", "Correction 18"):
        assert title in text


def test_index_of_questions_gives_the_pages(pages):
    asked = {
        n: 1 + next(i for i, p in enumerate(pages) if f"Question {n}" in p) for n in ("1.1", "1.2")
    }
    index = next(page for page in pages if page.count("Index of questions") and "Asked" in page)
    rows = " ".join(index.split())
    assert f"1.1 Why loops? {asked['1.1']} {asked['1.1']}" in rows
    assert re.search(rf"1\.2 What is the size of .*\? {asked['1.2']} {asked['1.2']}", rows)
    assert "It matters" not in rows


def test_pages_are_counted(pages):
    assert f"Page 2 of {len(pages)}" in pages[1]


def test_print_is_free_of_plumbing_and_noise(pages):
    text = "\n".join(pages)
    assert "line 0\n" in text and "lines left out" in text and "line 59" in text
    for absent in ("line 40", "UserWarning", "[32m", "plumbing", "seed = 0", "again", "It moves"):
        assert absent not in text


def test_long_lines_are_broken_with_a_mark(pages):
    lines = [line for page in pages for line in page.splitlines() if "number_" in line]
    assert len(lines) > 2 and all("↪" in line for line in lines[1:])
    assert max(map(len, lines)) <= 100


def test_pdf_is_tagged_and_described(pdf):
    reader = pypdf.PdfReader(pdf)
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en-GB"
    assert reader.metadata.title == build.TITLE
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


def test_figures_are_vectors(pdf):
    images = [image for page in pypdf.PdfReader(pdf).pages for image in page.images]
    assert images == []


def test_two_folders_give_the_same_bytes(pdf, tmp_path):
    other = tmp_path / "elsewhere" / "report.pdf"
    build.build_pdf(lessons(tmp_path / "other"), other, "quick")
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
    ],
)
def test_mistakes_of_a_lesson_stop_the_build(tmp_path, text, message):
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title\n"), markdown(text))
    with pytest.raises(build.ReportError, match=message):
        build.build_pdf([path], tmp_path / "report.pdf", "full")
    assert not (tmp_path / "report.pdf").exists()


def test_a_picture_needs_a_caption(tmp_path):
    output = new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"})
    cell = new_code_cell("plt.show()", outputs=[output])
    path = notebook(tmp_path / "01_lesson.ipynb", markdown("# Title"), cell)
    with pytest.raises(build.ReportError, match="01_lesson: a picture without a caption"):
        build.build_pdf([path], tmp_path / "report.pdf", "full")


def test_the_file_name_gives_the_number(tmp_path):
    with pytest.raises(build.ReportError, match="begins with its number"):
        build.read([notebook(tmp_path / "lesson.ipynb", markdown("# Title"))])


# ---------------------------------------------------------------------------- the lessons


def test_every_lesson_is_typeset(tmp_path):
    """Every formula, link and citation of the lessons, in both products."""
    assert LESSONS
    build.build_pdf(LESSONS, tmp_path / "report.pdf", "full")
    build.build_site(LESSONS, tmp_path / "site", "full")
    check_links(tmp_path / "site")


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


def test_site_gives_the_same_bytes(site, tmp_path):
    build.build_site(lessons(tmp_path / "other"), tmp_path / "site", "quick")
    files = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert files == sorted(
        p.relative_to(tmp_path / "site") for p in (tmp_path / "site").rglob("*.*")
    )
    for file in files:
        if file.suffix != ".ipynb":  # the fixtures' cell ids are random
            assert (site / file).read_bytes() == (tmp_path / "site" / file).read_bytes(), file


PROBE = """
document.fonts.ready.then(() => {
  const formulas = [...document.querySelectorAll("math")];
  document.documentElement.dataset.probe = JSON.stringify({
    formulas: formulas.length,
    drawn: formulas.filter((formula) => formula.getBoundingClientRect().width > 0).length,
    font: formulas.length === 0 || document.fonts.check("16px 'STIX Two Math'"),
    wider: document.documentElement.scrollWidth - window.innerWidth,
    broken: [...document.images].filter((i) => i.complete && i.naturalWidth === 0).length,
  });
});
"""


def test_pages_in_a_browser(site, tmp_path):
    """Every page loads from the file system, without console errors and other hosts."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("no chromium on PATH")
    copy = shutil.copytree(site, tmp_path / "site")
    with (copy / "site.js").open("a") as script:
        script.write(PROBE)
    for page in sorted(copy.glob("*.html")):
        log = tmp_path / "net.json"
        run = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
             f"--user-data-dir={tmp_path / 'profile'}", "--window-size=500,900",
             "--virtual-time-budget=4000", f"--log-net-log={log}", "--dump-dom", page.as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        assert "CONSOLE" not in run.stderr, run.stderr
        found = re.search(r'data-probe="([^"]*)"', run.stdout)
        assert found, f"{page.name}: the page's script did not run"
        probe = json.loads(found[1].replace("&quot;", '"'))
        assert probe["drawn"] == probe["formulas"] == page.read_text().count("<math")
        assert probe["font"] and probe["broken"] == 0 and probe["wider"] <= 0, (page.name, probe)
        requests = re.findall(r'"url":"(https?://[^"]+)"', log.read_text())
        own = ("google", "gvt1", "chromium")  # the browser's own, on its first start
        assert [url for url in requests if not any(name in url for name in own)] == []


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
