"""PDFs, set by Typst: all lessons as a book, and what is made of their cells in the same way."""

import json
import re
import shutil
from pathlib import Path

import typst

from report import feet
from report.cells import book
from report.common import (
    FONTS,
    HERE,
    SUBTITLE,
    TITLE,
    ReportError,
    facts,
    pandoc,
    read,
    read_text,
    timestamp,
    write_text,
)
from report.figures import figure_files

PASSES = 3  # at most, each with the figures that the one before found out of place


def build(paths: list[Path], output: Path, profile: str) -> None:
    """Write the book of all lessons; its sources stay in the folder beside it, named like it."""
    lessons = read(paths)
    opening = '#import "report.typ" as layout\n#show: layout.report\n\n'
    source = written(lessons, book(lessons), output.with_suffix(""), opening)
    inputs = {"title": TITLE, "subtitle": SUBTITLE, "facts": facts(profile)}
    floating = set()  # figures that go to the head of the next page, for text to fill their place
    for _ in range(PASSES):
        made = compiled(source, inputs | {"floating": sorted(floating)}, timestamp(paths))
        if (more := feet.after_gaps(made)) <= floating:
            break
        floating |= more
    output.write_bytes(made)


def written(lessons: dict, cells: dict, folder: Path, opening: str) -> Path:
    """Write what Typst makes a PDF of, into a folder, and return the file to begin with.

    ``cells`` are as ``cells.book`` gives them, and ``opening`` is the Typst that sets the rest.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    body = pandoc(cells, "-t", "typst", "--wrap=none", "--syntax-highlighting=idiomatic")
    for path, notebook in lessons.items():
        for name, data in figure_files(path, notebook).items():
            if f"figures/{name}" in body:
                (folder / "figures" / name).write_bytes(data)
    for layout in HERE.glob("*.typ"):
        shutil.copy(layout, folder)
    write_text(folder / "main.typ", opening + body)
    return folder / "main.typ"


def compiled(source: Path, inputs: dict, time: int) -> bytes:
    """Return the PDF of a file of Typst, which finds ``inputs`` in ``sys.inputs`` as JSON."""
    try:
        pdf, warnings = typst.compile_with_warnings(
            source,
            font_paths=FONTS,
            ignore_system_fonts=True,
            sys_inputs={name: json.dumps(value) for name, value in inputs.items()},
            timestamp=time,
            pdf_standards=["a-2a", "ua-1"],
        )
    except typst.TypstError as error:
        raise ReportError(explain(error, read_text(source))) from None
    if warnings:
        raise ReportError("\n".join(explain(warning, read_text(source)) for warning in warnings))
    return pdf


def explain(error, source: str) -> str:
    """Return Typst's message with the lesson it is about."""
    found = re.search(r"main\.typ:(\d+)", error.diagnostic)
    before = source.split("\n")[: int(found[1])] if found else []
    lessons = [line[3:] for line in before if line.startswith(("// lesson ", "// paper"))]
    return f"{lessons[-1]}: {error.diagnostic}" if lessons else error.diagnostic
