"""The report as a web site."""

import copy
import html
import json
import re
import shutil
import tempfile
from pathlib import Path

import jinja2
import nbformat
from fontTools.ttLib import TTFont

from helpers.explorables.source import source
from report import exercises
from report.cells import book
from report.common import (
    FONTS,
    HERE,
    SUBTITLE,
    TITLE,
    facts,
    pandoc,
    read,
    read_text,
    write_text,
)
from report.execute import cleaned
from report.figures import figure_files, stills

SITE_FONTS = [
    "FiraSans-Regular.ttf",
    "FiraSans-Italic.ttf",
    "FiraSans-SemiBold.ttf",
    "IBMPlexMono-Regular.ttf",
    "STIXTwoMath-Regular.ttf",
]


def build(paths: list[Path], output: Path, profile: str) -> None:
    """Write the web site: a page for each lesson, which asks nothing of other hosts."""
    lessons = read(paths)
    new = output.with_name(output.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in ("exercises", "figures", "fonts", "notebooks"):
        (new / folder).mkdir(parents=True)
    for path, notebook in lessons.items():
        files = figure_files(path, notebook) | stills(path, notebook)
        for name, data in files.items():
            (new / "figures" / name).write_bytes(data)
        text = nbformat.writes(cleaned(copy.deepcopy(notebook)), version=4) + "\n"
        write_text(new / "notebooks" / path.name, text)
        if (source := exercises.FOLDER / path.name).is_file():
            handed_out = exercises.moved(exercises.released(source), "../notebooks")
            exercises.write(new / "exercises" / path.name, handed_out)
    for font in SITE_FONTS:
        source = next(path for folder in FONTS for path in folder.rglob(font))
        shutil.copyfile(source, new / "fonts" / font)
    write_text(new / "fonts" / "LICENSE.txt", font_licences(new / "fonts"))
    for name in ("site.css", "site.js"):
        shutil.copyfile(HERE / name, new / name)
    with tempfile.TemporaryDirectory() as folder:
        bodies = Path(folder) / "bodies"
        write_text(Path(folder) / "body.html", "$body$")
        pandoc(
            book(lessons), "-t", "chunkedhtml", "-o", bodies, "--chunk-template=%i.html",
            "--split-level=1", "--template", Path(folder) / "body.html", "--section-divs",
            "--mathml", "--wrap=none", "--resource-path", new, "-M", f"title={TITLE}",
        )  # fmt: skip
        write_pages(bodies, new, {path.stem: path.name for path in paths}, facts(profile))
    shutil.rmtree(output, ignore_errors=True)
    new.rename(output)


def font_licences(folder: Path) -> str:
    """Return what the fonts say of their authors and licence, and the licence's text."""
    lines = []
    for file in sorted(folder.glob("*.ttf")):
        names = TTFont(file, lazy=True)["name"]
        lines += [file.name, *filter(None, map(names.getDebugName, (0, 13, 14))), ""]
    licence = read_text(FONTS[0] / "LICENSE")  # the same for all of them
    return "\n".join([*lines, licence[licence.index("-----") :]])


def write_pages(bodies: Path, output: Path, notebooks: dict[str, str], facts: dict) -> None:
    """Put pandoc's bodies into pages with contents, previous, next and search.

    The preface has no page of its own, but opens the first one.
    """
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
    write_text(bodies / "index.html", opening)
    sections = []
    for before, page, after in zip(
        [None, start, *pages[:-1]], [start, *pages], [*pages, None], strict=True
    ):
        body = like_in_print(read_text(bodies / page["path"]))
        modules = sorted(set(re.findall(r'data-module="(\w+)"', body)))
        sections += searchable(body, page)
        text = template.render(
            title=TITLE, subtitle=SUBTITLE, facts=facts, pages=pages, page=page, previous=before,
            next=after, body=jinja2.filters.Markup(body),
            modules={name: jinja2.filters.Markup(on_page(name)) for name in modules},
        )  # fmt: skip
        write_text(output / page["path"], text)
    write_text(output / "sections.js", f"const sections = {json.dumps(sections)};\n")


def on_page(module: str) -> str:
    """Return the JavaScript that mounts a module's figures: inline, as files import nothing."""
    code = source(module).replace("export default", "const explorable =", 1)
    return f'{code}\nmount("{module}", explorable);\n'.replace("</script", "<\\/script")


def like_in_print(body: str) -> str:
    """Return a page whose formulas have the letters of JupyterLab and of the PDF."""
    # a tilde of its own, which fonts draw wider than the combining one
    body = body.replace(">\u0303</mo>", ">~</mo>")
    # pandoc makes \\mathbf slanted: 52 letters from U+1D468, the upright ones from U+1D400
    upright = {code: code - 0x68 for code in range(0x1D468, 0x1D468 + 52)}
    return body.replace('mathvariant="bold-italic"', 'mathvariant="bold"').translate(upright)


def searchable(body: str, page: dict) -> list[dict[str, str]]:
    """Return path, title and text of each section of a page."""
    found = []
    for part in re.split(r"(?=<section )", body)[1:]:
        part = re.sub(r"<annotation.*?</annotation>", "", part, flags=re.S)
        part = re.sub(r"</?(?:a|code|em|span|strong)\b[^>]*>", "", part)  # within a word or a line
        title, text = (
            " ".join(html.unescape(re.sub(r"<[^>]+>", " ", piece)).split())
            for piece in re.search(r"<h\d.*?>(.*?)</h\d>(.*)", part, re.S).groups()
        )
        place = re.search(r'id="([^"]+)"', part)[1]
        found.append({"path": f"{page['path']}#{place}", "title": title, "text": text})
    return found
