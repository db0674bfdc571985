#!/usr/bin/env bash
# Behaviour: nbgrader gives a check cell that shows False all its points, as one that shows True, and
# a check cell in which something was written to stderr, such as a warning, none, though it passed.
# A check therefore has to raise an error; it must not end in a comparison, and warnings have to be
# ignored (nbgrader's preprocessor IgnorePattern, which is off by default).
# Seen with nbgrader 0.9.6, 2026-11-28: of 2 points each, False 2, 0 0, 1.5 1.5, a warning 0.
# Fails when nbgrader does otherwise. Installs its packages into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
PATH="$folder/venv/bin:$PATH" # it calls alembic by its name
pip install --quiet --disable-pip-version-check nbgrader==0.9.6
cd "$folder"
python - <<'PYTHON'
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

checks = {
    "false": "1 == 2",
    "zero": "0",
    "part": "1.5",
    "warning": "import warnings; warnings.warn('hm')",
    "error": "assert 1 == 2",
}
known = {"schema_version": 3, "grade": True, "locked": True, "solution": False, "task": False}
cells = [
    new_code_cell(source, metadata={"nbgrader": known | {"grade_id": name, "points": 2}})
    for name, source in checks.items()
]
kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
for place in ("source/points", "submitted/somebody/points"):
    Path(place).mkdir(parents=True)
nbformat.write(notebook, "source/points/points.ipynb")
PYTHON
nbgrader generate_assignment points >log 2>&1 || { cat log && exit 1; }
cp release/points/points.ipynb submitted/somebody/points/
nbgrader autograde points >log 2>&1 || { cat log && exit 1; }
python - <<'PYTHON'
from nbgrader.api import Gradebook

with Gradebook("sqlite:///gradebook.db") as book:
    (graded,) = book.find_submission("points", "somebody").notebooks
    points = {grade.name: grade.score for grade in graded.grades}
print(points)
assert points["false"] == 2, "a check that shows False is graded otherwise now"
assert points["warning"] == 0, "a warning is graded otherwise now"
assert (points["zero"], points["part"], points["error"]) == (0, 1.5, 0), "numbers, errors: otherwise"
PYTHON
