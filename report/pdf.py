"""The report as a PDF, set by Typst."""

import json
import re
import shutil
from pathlib import Path

import typst

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


def build(paths: list[Path], output: Path, profile: str) -> None:
    """Write the PDF; its sources stay in the folder beside it, named like it."""
    lessons = read(paths)
    folder = output.with_suffix("")
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for path, notebook in lessons.items():
        for name, data in figure_files(path, notebook).items():
            (folder / "figures" / name).write_bytes(data)
    shutil.copy(HERE / "report.typ", folder)
    body = pandoc(book(lessons), "-t", "typst", "--wrap=none", "--syntax-highlighting=idiomatic")
    source = folder / "main.typ"
    write_text(source, '#import "report.typ" as layout\n#show: layout.report\n\n' + body)
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
            timestamp=timestamp(paths),
            pdf_standards=["a-2a", "ua-1"],
        )
    except typst.TypstError as error:
        raise ReportError(explain(error, read_text(source))) from None
    if warnings:
        raise ReportError("\n".join(explain(warning, read_text(source)) for warning in warnings))
    output.write_bytes(pdf)


def explain(error, source: str) -> str:
    """Return Typst's message with the lesson it is about."""
    found = re.search(r"main\.typ:(\d+)", error.diagnostic)
    before = source.split("\n")[: int(found[1])] if found else []
    lessons = [line[10:] for line in before if line.startswith("// lesson ")]
    return f"lesson {lessons[-1]}: {error.diagnostic}" if lessons else error.diagnostic
