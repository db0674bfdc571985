"""Make the report from executed notebooks: a PDF, a web site and the folder of figures.

    build.py pdf     --output build/report.pdf --profile full NOTEBOOK...
    build.py site    --output build/site       --profile full NOTEBOOK...
    build.py figures --output figures                         NOTEBOOK...

nbconvert turns each notebook into Markdown (lesson.md.j2), pandoc turns all of them together into
Typst or HTML (report.lua numbers, links and checks), Typst sets the PDF (report.typ). Nothing is
downloaded, and the same commit gives the same bytes.
"""

import argparse
import base64
import copy
import html
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

# jsonschema would compile a grammar of web addresses, which no notebook needs, for over a second.
sys.modules["rfc3987_syntax"] = None

import jinja2
import nbformat
import pypandoc
import typst
from execute import cleaned
from fontTools.ttLib import TTFont
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import strip_ansi
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from traitlets.config import Config

HERE = Path(__file__).resolve().parent
PREFACE = HERE / "preface.md"
PANDOC = Path(pypandoc.__file__).parent / "files" / "pandoc"  # the wheel's, whatever PATH holds
READER = "markdown+lists_without_preceding_blankline-implicit_figures-auto_identifiers"
FONTS = [
    Path(find_spec(package).origin).parent
    for package in ("fontpkg_fira_sans", "fontpkg_ibm_plex_mono", "ziamath")
]
SITE_FONTS = [
    "FiraSans-Regular.ttf",
    "FiraSans-Italic.ttf",
    "FiraSans-SemiBold.ttf",
    "IBMPlexMono-Regular.ttf",
    "STIXTwoMath-Regular.ttf",
]
PACKAGES = ["torch", "torchvision", "numpy", "pandas", "matplotlib", "nbconvert", "typst"]

TITLE = "Convolutional networks, from loops to experiments"
SUBTITLE = "An executable report: derivations, code and measurements on MNIST"

HEAD, TAIL = 24, 6  # lines of a long output that are kept
PRIORITY = ["image/png", "text/html", "text/markdown", "text/plain"]


class ReportError(Exception):
    """The report cannot be made; the message names the lesson and what to change."""


# ------------------------------------------------------------------ notebooks -> Markdown


def shorten(text: str) -> str:
    """Return printed text as a terminal shows it at the end, the middle of a long one left out."""
    lines = [line.rstrip().rsplit("\r", 1)[-1] for line in strip_ansi(text).split("\n")]
    lines = "\n".join(lines).strip("\n").expandtabs(4).split("\n")
    left_out = len(lines) - HEAD - TAIL
    if left_out > 3:
        lines[HEAD:-TAIL] = [f"    ⋮  ({left_out} lines left out)"]
    return "\n".join(lines)


def printable(output, lesson: Path) -> bool:
    """Make one output fit for print, in place; False when it has nothing to show a reader."""
    if output.output_type == "stream":
        output.text = shorten(output.text)
        return output.name == "stdout" and bool(output.text.strip())
    if output.output_type == "error":
        raise ReportError(
            f"lesson {lesson.stem}: a cell ended with {output.ename}; execute it again"
        )
    defaults = {"kind": "", "label": "", "caption": "", "alt": "", "file": ""}
    output.metadata["report"] = defaults | output.metadata.get("report", {})
    report = output.metadata.report
    if report.kind == "skip" or "application/vnd.jupyter.widget-view+json" in output.data:
        return False
    if "image/png" in output.data:
        if not report.label:
            raise ReportError(
                f"lesson {lesson.stem}: a picture without a caption; use figures.show"
            )
        suffix = "svg" if "image/svg+xml" in output.data else "png"
        report.file = f"figures/{figure_name(lesson, report)}.{suffix}"
    elif "text/plain" in output.data:
        output.data["text/plain"] = shorten(output.data["text/plain"])
    return True


# Directions to linters and formatters; words after a comma stay.
DIRECTION = re.compile(r" *# *(?:noqa(?:: *[A-Z]+\d+(?:, *[A-Z]+\d+)*)?|fmt: *\w+)(?:, *(.+)| *)$")


def readable(code: str) -> str:
    """Return code as a reader wants it, without comments that speak to linters."""
    lines = []
    for line in code.split("\n"):
        found = DIRECTION.search(line)
        rest = f"  # {found[1]}" if found and found[1] else ""
        if not found or rest or line[: found.start()].strip():
            lines.append(line[: found.start()] + rest if found else line)
    return "\n".join(lines)


def figure_name(lesson: Path, report: dict) -> str:
    """Return ``NN-name``, the name of a figure's files."""
    return f"{lesson.stem[:2]}-{report['label'].split('-', 1)[1]}"


def pictures(notebook):
    """Yield the outputs that are figures or animations."""
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if output.get("metadata", {}).get("report", {}).get("kind") in ("fig", "animation"):
            yield output


def figure_files(lesson: Path, notebook) -> dict[str, bytes]:
    """Return the files, by name, of all figures and animations of a lesson."""
    files = {}
    for output in pictures(notebook):
        name = figure_name(lesson, output.metadata.report)
        if f"{name}.png" in files:
            raise ReportError(f"lesson {lesson.stem}: two figures are named {name[3:]}")
        files[f"{name}.png"] = base64.b64decode(output.data["image/png"])
        if "image/svg+xml" in output.data:
            files[f"{name}.svg"] = output.data["image/svg+xml"].encode()
    return files


def to_markdown(lessons: dict) -> str:
    """Return all lessons as one Markdown text, each in a div with its number and name."""
    config = Config()
    config.NbConvertBase.display_data_priority = PRIORITY
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_cell_tags = {
        "remove-cell",
        "parameters",
        "injected-parameters",
    }
    config.TagRemovePreprocessor.remove_input_tags = {"hide-input"}
    exporter = TemplateExporter(config=config, raw_template=(HERE / "lesson.md.j2").read_text())
    exporter.register_filter("attribute", lambda text: html.escape(" ".join(text.split())))
    parts = []
    for path, notebook in lessons.items():
        notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = readable(cell.source)
                cell.outputs = [output for output in cell.outputs if printable(output, path)]
        body, _ = exporter.from_notebook_node(notebook)
        fence = ":" * 12
        parts.append(
            f'{fence} {{.lesson name="{path.stem}" number="{int(path.stem[:2])}"}}\n'
            f"{body}\n\n{fence}\n"
        )
    return "\n".join([*preface(lessons), *parts])


def preface(lessons: dict) -> list[str]:
    """Return the preface as Markdown, with what the cells tagged "finding" of the lessons say.

    It is about the whole report: a part of the lessons has none.
    """
    text = PREFACE.read_text(encoding="utf-8")
    if not set(re.findall(r"\((\d\d_\w+\.ipynb)", text)) <= {path.name for path in lessons}:
        return []
    fence = ":" * 12
    found = [
        (output.data["text/markdown"], f"([lesson {path.stem[:2]}]({path.name}))")
        for path, notebook in lessons.items()
        for cell in notebook.cells
        if "finding" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", [])
    ]
    items = "\n".join(
        f"- {item.strip()} {where}"
        for text, where in found
        for item in re.split(r"^- ", text, flags=re.M)
        if item.strip()
    )
    items = re.sub(r"^- Measured here: (\w)", lambda m: f"- {m[1].upper()}", items, flags=re.M)
    found = f"**What was found.**\n\n{items}" if items else ""
    return [f"{fence} {{.preface}}\n{text}\n\n{found}\n\n{fence}\n"]


def read(paths: list[Path]) -> dict:
    """Return the notebooks by path; the file name begins with the two digits of the chapter."""
    for path in paths:
        if not re.match(r"\d\d_", path.name):
            raise ReportError(
                f"{path}: the file name of a lesson begins with its number, as in 01_"
            )
    return {path: nbformat.read(path, as_version=4) for path in sorted(paths, key=lambda p: p.name)}


def pandoc(text: str, *arguments: str) -> str:
    """Run pandoc with report.lua; whatever it complains about is an error."""
    command = [PANDOC, "-f", READER, "-L", HERE / "report.lua", "--citeproc", *arguments]
    command += ["-M", f"bibliography={HERE / 'references.bib'}", "-M", "link-citations=true"]
    run = subprocess.run(command, input=text, capture_output=True, encoding="utf-8")
    if run.returncode or run.stderr:
        raise ReportError(run.stderr.strip())
    return run.stdout


# ------------------------------------------------------------------------- title page


def git(*arguments: str) -> str:
    """Return what git prints, or nothing outside a repository."""
    try:
        run = subprocess.run(["git", "-C", HERE, *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


def processor() -> str:
    """Return the name of the processor."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text()
    except OSError:
        cpuinfo = ""
    found = re.search(r"model name\s*:\s*(.+)", cpuinfo)
    return found[1] if found else platform.processor() or platform.machine()


def facts(profile: str) -> dict[str, str]:
    """Return what the title page says about this build."""
    return {
        "Version": git("describe", "--always", "--tags", "--dirty", "--abbrev=10") or "unversioned",
        "Profile": profile,
        "Machine": f"{processor()}, {platform.system()}",
        "Python": platform.python_version(),
        "Packages": ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES),
    }


def timestamp() -> int:
    """Return the time written into the PDF: the commit's, for the same bytes on every build."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or 0)


# --------------------------------------------------------------------------- products


def build_pdf(paths: list[Path], output: Path, profile: str) -> None:
    """Write the PDF; its sources stay in the folder beside it, named like it."""
    lessons = read(paths)
    folder = output.with_suffix("")
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for path, notebook in lessons.items():
        for name, data in figure_files(path, notebook).items():
            (folder / "figures" / name).write_bytes(data)
    shutil.copy(HERE / "report.typ", folder)
    markdown = to_markdown(lessons)
    body = pandoc(markdown, "-t", "typst", "--wrap=none", "--syntax-highlighting=idiomatic")
    source = folder / "main.typ"
    source.write_text('#import "report.typ": *\n#show: report\n\n' + body)
    try:
        pdf, warnings = typst.compile_with_warnings(
            source,
            font_paths=FONTS,
            ignore_system_fonts=True,
            sys_inputs={
                "title": TITLE,
                "subtitle": SUBTITLE,
                "facts": json.dumps(facts(profile)),
            },
            timestamp=timestamp(),
            pdf_standards=["ua-1"],
        )
    except typst.TypstError as error:
        raise ReportError(explain(error, source.read_text())) from None
    if warnings:
        raise ReportError("\n".join(explain(warning, source.read_text()) for warning in warnings))
    output.write_bytes(pdf)


def explain(error, source: str) -> str:
    """Return Typst's message with the lesson it is about."""
    found = re.search(r"main\.typ:(\d+)", error.diagnostic)
    before = source.split("\n")[: int(found[1])] if found else []
    lessons = [line[10:] for line in before if line.startswith("// lesson ")]
    return f"lesson {lessons[-1]}: {error.diagnostic}" if lessons else error.diagnostic


def build_site(paths: list[Path], output: Path, profile: str) -> None:
    """Write the web site: a page for each lesson, which asks nothing of other hosts."""
    lessons = read(paths)
    new = output.with_name(output.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in ("figures", "fonts", "notebooks"):
        (new / folder).mkdir(parents=True)
    for path, notebook in lessons.items():
        for name, data in figure_files(path, notebook).items():
            (new / "figures" / name).write_bytes(data)
        text = nbformat.writes(cleaned(copy.deepcopy(notebook)), version=4) + "\n"
        (new / "notebooks" / path.name).write_text(text, encoding="utf-8")
    for font in SITE_FONTS:
        source = next(path for folder in FONTS for path in folder.rglob(font))
        shutil.copyfile(source, new / "fonts" / font)
    (new / "fonts" / "LICENSE.txt").write_text(font_licences(new / "fonts"))
    for name in ("site.css", "site.js"):
        shutil.copyfile(HERE / name, new / name)
    with tempfile.TemporaryDirectory() as folder:
        bodies = Path(folder) / "bodies"
        (Path(folder) / "body.html").write_text("$body$")
        pandoc(
            to_markdown(lessons), "-t", "chunkedhtml", "-o", bodies, "--chunk-template=%i.html",
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
    licence = (FONTS[0] / "LICENSE").read_text(encoding="utf-8")  # the same for all of them
    return "\n".join([*lines, licence[licence.index("-----") :]])


def write_pages(bodies: Path, output: Path, notebooks: dict[str, str], facts: dict) -> None:
    """Put pandoc's bodies into pages with contents, previous, next and search.

    The preface has no page of its own, but opens the first one.
    """
    template = jinja2.Environment(autoescape=True).from_string((HERE / "site.html.j2").read_text())
    tree = json.loads((bodies / "sitemap.json").read_text())
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
    opening = re.sub(r"(</?)h1\b", r"\1h2", preface.read_text() if preface.exists() else "")
    (bodies / "index.html").write_text(opening)
    sections = []
    for before, page, after in zip(
        [None, start, *pages[:-1]], [start, *pages], [*pages, None], strict=True
    ):
        # a tilde of its own, which fonts draw wider than the combining one
        body = (bodies / page["path"]).read_text().replace(">\u0303</mo>", ">~</mo>")
        sections += searchable(body, page)
        text = template.render(
            title=TITLE, subtitle=SUBTITLE, facts=facts, pages=pages, page=page, previous=before,
            next=after, body=jinja2.filters.Markup(body),
        )  # fmt: skip
        (output / page["path"]).write_text(text)
    (output / "sections.js").write_text(f"const sections = {json.dumps(sections)};\n")


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


def build_figures(paths: list[Path], output: Path) -> None:
    """Write every figure and an index of them; nothing else stays in the folder."""
    files, rows = {}, []
    for path, notebook in read(paths).items():
        files |= figure_files(path, notebook)
        for report in (picture.metadata.report for picture in pictures(notebook)):
            name = figure_name(path, report)
            links = f"[{name}]({name}.png)"
            if f"{name}.svg" in files:
                links += f" ([svg]({name}.svg))"
            caption = " ".join(report["caption"].split()).replace("|", "\\|")
            rows.append(f"| {links} | {caption} | [{path.stem}](../notebooks/{path.name}) |")
    heading = (
        "# Figures\n\nMade by `make report` from the lessons in `notebooks/`; do not edit them.\n"
    )
    table = "\n".join(["| figure | caption | lesson |", "| --- | --- | --- |", *rows])
    files["README.md"] = f"{heading}\n{table}\n".encode()
    output.mkdir(parents=True, exist_ok=True)
    for file in output.iterdir():
        if file.suffix in (".png", ".svg") and file.name not in files:
            file.unlink()
    for name, data in files.items():
        file = output / name
        if not file.exists() or file.read_bytes() != data:
            file.write_bytes(data)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and build one product."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("product", choices=["pdf", "site", "figures"])
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--profile", default="full")
    options = parser.parse_args(arguments)
    try:
        if options.product == "pdf":
            build_pdf(options.notebooks, options.output, options.profile)
        elif options.product == "site":
            build_site(options.notebooks, options.output, options.profile)
        else:
            build_figures(options.notebooks, options.output)
    except ReportError as error:
        sys.exit(f"The report was not made.\n{error}")


if __name__ == "__main__":
    main()
