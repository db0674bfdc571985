"""Do two executions of the lessons say and show the same?

    compare.py FOLDER FOLDER      two folders with the same notebooks

Texts, tables and captions must be equal. Pictures may differ as much as the rounding of another
processor moves a line: by ``TOLERANCE`` grey levels of 255 in the root mean square over all pixels.
"""

import argparse
import base64
import io
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts a script's own folder first on the path, where site.py would hide Python's module.
    sys.path[0] = str(ROOT)

import nbformat
import numpy as np
from PIL import Image

from report import lessons
from report.execute import cleaned

TOLERANCE = 2.0


def differences(first, second) -> Iterator[str]:
    """Yield in words where two notebooks with the same cells have other outputs."""
    if [cell.source for cell in first.cells] != [cell.source for cell in second.cells]:
        yield "the cells are not the same: execute the lesson"
        return
    for number, (one, other) in enumerate(zip(first.cells, second.cells, strict=True)):
        ours, theirs = one.get("outputs", []), other.get("outputs", [])
        if len(ours) != len(theirs):
            yield f"cell {number}: {len(ours)} outputs against {len(theirs)}"
            continue
        for a, b in zip(ours, theirs, strict=True):
            yield from (f"cell {number}: {text}" for text in _in_output(a, b))


def _in_output(a, b) -> Iterator[str]:
    for kind in sorted({*a.get("data", {}), *b.get("data", {})}):
        left, right = a.get("data", {}).get(kind), b.get("data", {}).get(kind)
        if kind == "image/png" and left and right:
            distance = picture_distance(left, right)
            if distance > TOLERANCE:
                yield f"pictures differ by {distance:.1f} grey levels"
        elif left != right:
            yield f"{kind}\n    {_first_difference(left, right)}"
    if a.get("text") != b.get("text"):
        yield f"text\n    {_first_difference(a.get('text'), b.get('text'))}"
    if a.get("metadata") != b.get("metadata"):
        yield f"caption\n    {_first_difference(str(a.metadata), str(b.metadata))}"


def picture_distance(first: str, second: str) -> float:
    """Return the root mean square difference of two pictures (PNG in base64), in grey levels."""
    left, right = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"), float)
        for text in (first, second)
    )
    if left.shape != right.shape:
        return float("inf")
    return float(((left - right) ** 2).mean() ** 0.5)


def _first_difference(left: str | None, right: str | None) -> str:
    if left is None or right is None:
        return " against ".join("missing" if text is None else "there" for text in (left, right))
    lines = zip([*left.split("\n"), ""], [*right.split("\n"), ""], strict=False)
    pair = next(((one, other) for one, other in lines if one != other), ("more lines", "fewer"))
    return f"{pair[0].strip()!r}\n    {pair[1].strip()!r}"


def main() -> None:
    """Compare the notebooks that are in both folders and exit with 1 if any differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs=2, type=Path)
    first, second = parser.parse_args().folders
    names = [path.name for path in lessons.find(second)]
    found = [
        f"{name}, {difference}"
        for name in names
        for difference in differences(
            *(cleaned(nbformat.read(folder / name, as_version=4)) for folder in (first, second))
        )
    ]
    if found:
        sys.exit("\n".join([f"{first} and {second} differ:", *found]))
    print(f"{len(names)} lessons say and show the same in {first} and {second}")


if __name__ == "__main__":
    main()
