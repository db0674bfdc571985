"""The web pages: pandoc's bodies with contents, search, and figures that one can touch."""

import hashlib
import html
import json
import re
from pathlib import Path

import jinja2
from PIL import Image

from helpers.explorables.source import source
from report.common import HERE, SUBTITLE, TITLE, read_text, write_text
from report.figures import figure_file, pictures

DESCRIPTION = (
    "Convolution from nested loops to a fair comparison of two networks: lessons with derivations, "
    "code, exercises and figures that one can touch."
)
EXTRAS = (
    "report.pdf",
    "lessons.pdf",
    "LICENSE.txt",
    "CITATION.cff",
)  # on every page
APART = 50_000  # characters of a state that get a file of their own
FIRST = "by-hand"  # the figure that the start page opens with


def write_pages(bodies: Path, output: Path, lessons: dict, facts: dict) -> None:
    """Put pandoc's bodies into pages with contents, previous, next and search.

    The preface has no page of its own, but opens the first one, after a figure to touch.
    """
    notebooks = {path.stem: path.name for path in lessons}
    template = jinja2.Environment(autoescape=True).from_string(read_text(HERE / "site.html.j2"))
    tree = json.loads(read_text(bodies / "sitemap.json"))
    start = {"path": "index.html", "title": TITLE, "level": 0}
    pages = [
        chapter["section"]
        | {
            "path": chapter["section"]["path"].split("#")[0],
            "sections": [section["section"] for section in chapter["subsections"]],
            "notebook": notebooks.get(chapter["section"]["id"]),
        }
        for chapter in tree["subsections"]
        if chapter["section"]["id"] != "preface"
    ]
    preface = bodies / "preface.html"
    opening = re.sub(r"(</?)h1\b", r"\1h2", read_text(preface) if preface.exists() else "")
    write_text(bodies / "index.html", front(lessons) + opening)
    sections = []
    for before, page, after in zip(
        [None, start, *pages[:-1]], [start, *pages], [*pages, None], strict=True
    ):
        body = sized(like_in_print(read_text(bodies / page["path"])), output)
        body = with_states_apart(body, output)
        modules = sorted(set(re.findall(r'data-module="(\w+)"', body)))
        sections += searchable(body, page)
        text = template.render(
            title=TITLE, subtitle=SUBTITLE, description=DESCRIPTION, facts=facts, pages=pages,
            page=page, previous=before, next=after, body=jinja2.filters.Markup(body),
            modules={name: jinja2.filters.Markup(on_page(name)) for name in modules},
            extras=[name for name in EXTRAS if (output / name).is_file()],
        )  # fmt: skip
        write_text(output / page["path"], text)
    write_text(output / "sections.js", f"const sections = {json.dumps(sections)};\n")


def front(lessons: dict) -> str:
    """Return the figure of the start page; nothing if the lesson that has it is not there."""
    for path, notebook in lessons.items():
        for output in pictures(notebook):
            about = output.metadata.report
            if about["label"] == f"fig-{FIRST}" and "explorable" in about:
                state = html.escape(json.dumps(about["explorable"]["state"] | {"answer": ""}))
                return (
                    f'<figure><div class="explorable" data-module="{about["explorable"]["module"]}"'
                    f' data-state="{state}"><img src="figures/{figure_file(path, output)}" '
                    f'alt="{html.escape(about["alt"])}"></div><figcaption>Change a number, the '
                    "stride or the padding, and point at an output value. "
                    f'<a href="{path.stem}.html#fig-{FIRST}">The lesson</a> explains it.'
                    "</figcaption></figure>\n"
                )
    return ""


def with_states_apart(body: str, output: Path) -> str:
    """Return a page whose large states lie in files of their own, loaded when they are near."""

    def apart(match: re.Match) -> str:
        if len(match[1]) < APART:
            return match[0]
        state = html.unescape(match[1])
        name = f"states/{hashlib.sha256(state.encode()).hexdigest()[:12]}.js"
        write_text(output / name, f"states[{json.dumps(name)}] = {state};\n")
        return f'data-state-file="{name}"'

    return re.sub(r'data-state="([^"]*)"', apart, body)


def sized(body: str, output: Path) -> str:
    """Return a page whose pictures have their sizes, so that nothing jumps while they load."""

    def with_size(match: re.Match) -> str:
        width, height = size(output / match[1])
        return f'{match[0]} width="{width}" height="{height}"'

    return re.sub(r'<img\s+src="(figures/[^"]+)"', with_size, body)


def size(picture: Path) -> tuple[int, int]:
    """Return width and height of a picture in CSS pixels."""
    if picture.suffix == ".svg":
        opening = re.search(r"<svg[^>]*>", read_text(picture))[0]
        points = (re.search(rf' {side}="([\d.]+)pt"', opening)[1] for side in ("width", "height"))
        width, height = (round(float(length) * 4 / 3) for length in points)
        return width, height
    with Image.open(picture) as image:
        return image.size


def on_page(module: str) -> str:
    """Return the JavaScript that mounts a module's figures: inline, as files import nothing."""
    code = source(module).replace("export default", "const explorable =", 1)
    return f'{code}\nmount("{module}", explorable);\n'.replace("</script", "<\\/script")


def like_in_print(body: str) -> str:
    """Return a page whose formulas have the letters of JupyterLab and of the PDF."""
    # a tilde of its own, which fonts draw wider than the combining one
    body = body.replace(">\u0303</mo>", ">~</mo>")
    # pandoc makes \\mathbf slanted: 52 letters from U+1D468, the upright ones from U+1D400
    # what heads nothing is no header: a screen reader would announce an empty one
    body = re.sub(r"<th([^>]*)></th>", r"<td\1></td>", body)
    upright = {code: code - 0x68 for code in range(0x1D468, 0x1D468 + 52)}
    return body.replace('mathvariant="bold-italic"', 'mathvariant="bold"').translate(upright)


def searchable(body: str, page: dict) -> list[dict[str, str]]:
    """Return path, title and text of each section of a page."""
    found = []
    for part in re.split(r"(?=<section )", body)[1:]:
        part = re.sub(r'<details class="source">.*?</details>', "", part, flags=re.S)
        part = re.sub(r"<annotation.*?</annotation>", "", part, flags=re.S)
        part = re.sub(r"</?(?:a|code|em|span|strong)\b[^>]*>", "", part)  # within a word or a line
        title, text = (
            " ".join(html.unescape(re.sub(r"<[^>]+>", " ", piece)).split())
            for piece in re.search(r"<h\d.*?>(.*?)</h\d>(.*)", part, re.S).groups()
        )
        place = re.search(r'id="([^"]+)"', part)[1]
        found.append({"path": f"{page['path']}#{place}", "title": title, "text": text})
    return found
