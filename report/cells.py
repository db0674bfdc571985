"""What a reader sees of the executed notebooks, cell by cell, for pandoc (pandoc/reader.lua)."""

import json
import re
from pathlib import Path

from nbconvert.filters import strip_ansi
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from report import formulas, markdown
from report.common import HERE, ReportError, read_text
from report.figures import figure_file

PREFACE = HERE / "preface.md"
HEAD, TAIL = 24, 6  # lines of a long output that are kept
LEFT_OUT = {"remove-cell", "parameters", "injected-parameters"}  # tags of cells
BOXES = ("answer", "derivation")  # tags of cells that are set apart
WIDGET = "application/vnd.jupyter.widget-view+json"

# Directions to linters and formatters; words after a comma stay.
_DIRECTION = re.compile(r" *# *(?:noqa(?:: *[A-Z]+\d+(?:, *[A-Z]+\d+)*)?|fmt: *\w+)(?:, *(.+)| *)$")


def book(lessons: dict) -> dict:
    """Return the preface and all lessons as pandoc/reader.lua reads them.

    ``lessons`` holds the notebooks by path. ReportError says what a lesson must change.
    """
    problems = []
    parts = [
        {
            "name": path.stem,
            "number": str(int(path.stem[:2])),
            "cells": of_notebook(path, notebook, problems),
        }
        for path, notebook in lessons.items()
    ]
    opening = [of_text(text, "preface", "1", problems) for text in preface(lessons)]
    if problems:
        raise ReportError("\n".join(problems))
    return {"preface": opening, "lessons": parts}


def of_notebook(path: Path, notebook, problems: list[str]) -> list[dict]:
    """Return what a reader sees of a notebook; ``problems`` is told what is wrong with it."""
    notebook, _ = CoalesceStreamsPreprocessor(enabled=True).preprocess(notebook, {})
    cells = []
    for number, cell in enumerate(notebook.cells, start=1):
        at, tags = str(number), set(cell.metadata.get("tags", []))
        tag = next((tag for tag in BOXES if tag in tags), None)
        if tags & LEFT_OUT:
            continue
        if cell.cell_type == "markdown":
            cells.append(of_text(cell.source, path.stem, at, problems) | _tagged(tag))
        elif cell.cell_type == "code":
            if cell.source.strip():
                folded = {"folded": True} if "hide-input" in tags else {}
                cells.append({"kind": "code", "at": at, "text": readable(cell.source)} | folded)
            cells += _outputs(path, cell.outputs, at, tag, problems)
        else:
            problems.append(f"lesson {path.stem}, cell {at}: a raw cell is not printed")
    return cells


def _tagged(tag: str | None) -> dict:
    return {"tag": tag} if tag else {}


def readable(code: str) -> str:
    """Return code as a reader wants it, without comments that speak to linters."""
    lines = []
    for line in code.split("\n"):
        found = _DIRECTION.search(line)
        rest = f"  # {found[1]}" if found and found[1] else ""
        if not found or rest or line[: found.start()].strip():
            lines.append(line[: found.start()] + rest if found else line)
    return "\n".join(lines)


def shorten(text: str) -> str:
    """Return printed text as a terminal shows it at the end, the middle of a long one left out."""
    lines = [line.rstrip().rsplit("\r", 1)[-1] for line in strip_ansi(text).split("\n")]
    lines = "\n".join(lines).strip("\n").expandtabs(4).split("\n")
    left_out = len(lines) - HEAD - TAIL
    if left_out > 3:
        lines[HEAD:-TAIL] = [f"    ⋮  ({left_out} lines left out)"]
    return "\n".join(lines)


def _prose(text: str, where: str, problems: list[str]) -> dict:
    """Return Markdown for the reader: formulas apart, and what JupyterLab shows of it."""
    text, found = markdown.split(text)
    tokens = markdown.parse(text)
    problems += [f"{where}: {mistake}" for mistake in markdown.mistakes(tokens)]
    for formula in found:
        if "tex" in formula:
            problems += [
                f"{where}: formula {formula['tex']}\n  {problem}"
                for problem in formulas.problems(formula["tex"])
            ]
    return {"text": text, "formulas": found, "shown": "\n".join(markdown.words(tokens))}


def of_text(text: str, name: str, at: str, problems: list[str]) -> dict:
    """Return the cell of a text in Markdown; ``problems`` is told what is wrong with it."""
    return {"kind": "markdown", "at": at} | _prose(text, f"lesson {name}, cell {at}", problems)


def _outputs(
    path: Path, outputs: list, at: str, tag: str | None, problems: list[str]
) -> list[dict]:
    where, cells = f"lesson {path.stem}, cell {at}", []
    for output in outputs:
        if output.output_type == "error":
            problems.append(f"{where}: ended with {output.ename}; execute it again")
        elif output.output_type == "stream":
            text = shorten(output.text)
            if output.name == "stdout" and text.strip():
                cells.append({"kind": "output", "at": at, "text": text})
        elif output.metadata.get("report", {}).get("kind") == "skip":  # a caption, for JupyterLab
            said = re.search(r"\*\*(?:Figure|Table) ([\d.]+\d)\.\*\*", output.data["text/markdown"])
            if said and cells:
                cells[-1]["said"] = said[1]
        elif WIDGET not in output.data or "image/png" in output.data:
            try:
                cells.append({"at": at} | _displayed(path, output, where, problems))
                if tag and output.data.get("text/markdown", "").startswith(f"**{tag.title()}"):
                    cells[-1]["tag"] = tag  # an answer with computed numbers
            except ReportError as error:
                problems.append(f"{where}: {error}")
    return cells


def _displayed(path: Path, output, where: str, problems: list[str]) -> dict:
    """Return one displayed object; the first kind of data that JupyterLab would choose."""
    data, about = output.data, output.metadata.get("report", {})
    caption = _prose(about.get("caption", ""), where, problems)
    common = {"name": about.get("label", ""), "caption": caption}
    if "image/png" in data and common["name"]:
        file = f"figures/{figure_file(path, output)}"
        touch = about.get("explorable", {})  # what the page shows in its place
        if touch:
            touch = {"module": touch["module"], "state": json.dumps(touch["state"])}
        return {"kind": "picture", "file": file, "alt": about.get("alt", "")} | touch | common
    if picture := next((kind for kind in data if kind.startswith("image/")), None):
        raise ReportError(f"a picture ({picture}) without a caption; use figures.show")
    if "text/html" in data:
        html = re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.S)  # pandas' own
        return {"kind": "table", "html": html} | common
    if "text/markdown" in data:
        return {"kind": "markdown"} | _prose(data["text/markdown"], where, problems)
    if "text/latex" in data:
        formula = re.sub(r"^\$\\displaystyle (.*)\$$", r"$$\1$$", data["text/latex"], flags=re.S)
        return {"kind": "markdown"} | _prose(formula, where, problems)
    if set(data) == {"text/plain"}:
        return {"kind": "output", "text": shorten(data["text/plain"])}
    raise ReportError(
        f"shows {', '.join(sorted(data))}, which is not printed; use figures.show, figures.table "
        "or print"
    )


def preface(lessons: dict) -> list[str]:
    """Return the text of the preface, with what the cells tagged "finding" of the lessons say.

    It is about the whole report: a part of the lessons has none.
    """
    text = read_text(PREFACE)
    if not set(re.findall(r"\((\d\d_\w+\.ipynb)", text)) <= {path.name for path in lessons}:
        return []
    items = "\n".join(
        f"- {item} ([lesson {path.stem[:2]}]({path.name}))"
        for path, notebook in lessons.items()
        for item in findings(notebook)
    )
    return [f"{text}\n\n**What was found.**\n\n{items}" if items else text]


def findings(notebook) -> list[str]:
    """Return what the cells tagged "finding" of a lesson say, item by item."""
    texts = [
        output.data.get("text/markdown", "")
        for cell in notebook.cells
        if "finding" in cell.metadata.get("tags", [])
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    items = [item.strip() for text in texts for item in re.split(r"^- ", text, flags=re.M)]
    items = [re.sub(r"^Measured here: (\w)", lambda m: m[1].upper(), item) for item in items]
    return list(filter(None, items))
