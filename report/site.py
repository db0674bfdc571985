"""The report as a web site."""

import copy
import shutil
import tempfile
from pathlib import Path

import nbformat

from report import exercises, fonts
from report.cells import book
from report.common import HERE, TITLE, facts, pandoc, read, write_text
from report.execute import cleaned
from report.figures import figure_files, stills
from report.pages import write_pages


def build(paths: list[Path], output: Path, profile: str, offered: dict | None = None) -> None:
    """Write the web site: a page for each lesson, which asks nothing of other hosts.

    ``offered`` has files by the name under which the pages offer them, such as PDFs.
    """
    lessons = read(paths)
    new = output.with_name(output.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in ("exercises", "figures", "fonts", "notebooks", "states"):
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
    fonts.write(new / "fonts", output.parent / "fonts")
    for name in ("site.css", "site.js"):
        shutil.copyfile(HERE / name, new / name)
    shutil.copyfile(HERE.parent / "LICENSE", new / "LICENSE.txt")
    shutil.copyfile(HERE.parent / "CITATION.cff", new / "CITATION.cff")
    for name, file in (offered or {}).items():
        if file:
            shutil.copyfile(file, new / name)
    with tempfile.TemporaryDirectory() as folder:
        bodies = Path(folder) / "bodies"
        write_text(Path(folder) / "body.html", "$body$")
        pandoc(
            book(lessons), "-t", "chunkedhtml", "-o", bodies, "--chunk-template=%i.html",
            "--split-level=1", "--template", Path(folder) / "body.html", "--section-divs",
            "--mathml", "--wrap=none", "--resource-path", new, "-M", f"title={TITLE}",
        )  # fmt: skip
        write_pages(bodies, new, lessons, facts(profile))
    shutil.rmtree(output, ignore_errors=True)
    new.rename(output)
