"""The figures of the lessons as files, and an index of them."""

import base64
import io
from pathlib import Path

from PIL import Image

from report.common import ReportError, read


def figure_name(lesson: Path, report: dict) -> str:
    """Return ``NN-name``, the name of a figure's files."""
    return f"{lesson.stem[:2]}-{report['label'].split('-', 1)[1]}"


def figure_file(lesson: Path, output) -> str:
    """Return the name of the best file of a figure."""
    suffix = "svg" if "image/svg+xml" in output.data else "png"
    return f"{figure_name(lesson, output.metadata.report)}.{suffix}"


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


def stills(lesson: Path, notebook) -> dict[str, bytes]:
    """Return the first frame of each animation, by the name of its file."""
    files = {}
    for output in pictures(notebook):
        if output.metadata.report.kind == "animation":
            data = io.BytesIO()
            with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as frames:
                frames.convert("RGB").save(data, "png")
            files[f"{figure_name(lesson, output.metadata.report)}-still.png"] = data.getvalue()
    return files


def build(paths: list[Path], output: Path) -> None:
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
