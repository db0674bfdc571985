"""What the PDF, the web site and the folder of figures share."""

import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

# jsonschema would compile a grammar of web addresses, which no notebook needs, for over a second.
sys.modules["rfc3987_syntax"] = None

import nbformat
import pypandoc

from helpers.machine import processor

HERE = Path(__file__).resolve().parent
PANDOC = Path(pypandoc.__file__).parent / "files" / "pandoc"  # the wheel's, whatever PATH holds
FONTS = [
    Path(find_spec(package).origin).parent
    for package in ("fontpkg_fira_sans", "fontpkg_ibm_plex_mono", "ziamath")
]
PACKAGES = ["torch", "torchvision", "numpy", "pandas", "matplotlib", "nbconvert", "typst"]

TITLE = "Convolutional networks, from loops to experiments"
SUBTITLE = "An executable report: derivations, code and measurements on MNIST"


class ReportError(Exception):
    """The report cannot be made; the message names the lesson and what to change."""


def read_text(path: Path) -> str:
    """Return a file's text; UTF-8 whatever the computer's settings are."""
    return path.read_text(encoding="utf-8")


def write_text(path: Path, text: str) -> None:
    """Write a file's text; the same bytes on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def read(paths: list[Path]) -> dict:
    """Return the notebooks by path; the file name begins with the two digits of the chapter."""
    for path in paths:
        if not re.match(r"\d\d_", path.name):
            raise ReportError(
                f"{path}: the file name of a lesson begins with its number, as in 01_"
            )
    return {path: nbformat.read(path, as_version=4) for path in sorted(paths, key=lambda p: p.name)}


def pandoc(book: dict, *arguments: str) -> str:
    """Run pandoc on what ``cells.book`` made; whatever it complains about is an error."""
    command = [PANDOC, "-f", HERE / "pandoc" / "reader.lua", "-L", HERE / "pandoc" / "filter.lua"]
    command += [
        "--citeproc",
        "-M",
        "link-citations=true",
        "-M",
        f"bibliography={HERE / 'references.bib'}",
        *arguments,
    ]
    text = json.dumps(book)
    run = subprocess.run(command, input=text, capture_output=True, encoding="utf-8")
    if run.returncode or run.stderr:
        raise ReportError(run.stderr.strip())
    return run.stdout


def git(*arguments: str) -> str:
    """Return what git prints, or nothing outside a repository."""
    try:
        run = subprocess.run(["git", "-C", HERE, *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


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
