"""Executed notebooks as one Markdown text, which pandoc reads."""

import html
import re
from pathlib import Path

from nbconvert.exporters import TemplateExporter
from nbconvert.filters import strip_ansi
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from traitlets.config import Config

from report.common import HERE, ReportError, read_text
from report.figures import figure_name

PREFACE = HERE / "preface.md"
HEAD, TAIL = 24, 6  # lines of a long output that are kept
PRIORITY = ["image/png", "text/html", "text/markdown", "text/plain"]


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
    exporter = TemplateExporter(config=config, raw_template=read_text(HERE / "lesson.md.j2"))
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
    text = read_text(PREFACE)
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
