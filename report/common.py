"""What the PDF, the web site and the folder of figures share."""

import json
import os
import platform
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
from report import lessons

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
    """Return the notebooks by path, in order of their numbers."""
    paths = sorted(paths, key=lambda path: path.name)
    for path in paths:
        if not lessons.NAME.fullmatch(path.name):
            raise ReportError(
                f"{path} is not named like a lesson, as in 01_naive_convolution.ipynb; rename it, "
                "or leave it out if it is a copy"
            )
    for first, second in zip(paths, paths[1:], strict=False):
        if first.name[:2] == second.name[:2]:
            raise ReportError(f"{first.name} and {second.name} have one number; rename one")
    return {path: nbformat.read(path, as_version=4) for path in paths}


def pandoc(book: dict, *arguments: str) -> str:
    """Run pandoc on what ``cells.book`` made; whatever it complains about is an error."""
    command = [PANDOC, "-f", HERE / "pandoc" / "reader.lua", "-L", HERE / "pandoc" / "filter.lua"]
    command += ["--citeproc", *arguments]
    command += ["-M", f"bibliography={HERE / 'references.bib'}"]
    text = json.dumps(book)
    run = subprocess.run(command, input=text, capture_output=True, encoding="utf-8")
    if run.returncode or run.stderr:
        raise ReportError(run.stderr.strip())
    return run.stdout


def git(*arguments: str) -> str:
    """Return what git prints, or nothing outside a repository.

    ReportError when git does not read the repository because it belongs to somebody else: the
    report would name no version.
    """
    environment = os.environ | {"LC_ALL": "C"}  # messages in English
    command = ["git", "-C", HERE, *arguments]
    try:
        run = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
    except FileNotFoundError:
        return ""
    if "dubious ownership" in run.stderr:
        raise ReportError(
            f"git does not trust {HERE.parent}, which belongs to another user, so that the report "
            f"would name no version; run: git config --global --add safe.directory {HERE.parent}"
        )
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


def timestamp(paths: list[Path]) -> int:
    """Return the time written into the PDF, in seconds: the same bytes on every build.

    The commit's; outside a repository that of the newest lesson.
    """
    known = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct")
    return int(known or max(path.stat().st_mtime for path in paths))
