"""Links of the notebooks, followed as JupyterLab follows them.

    links.py notebooks/*.ipynb README.md      prints those that lead nowhere

The report itself is checked by pandoc (pandoc/links.lua); it gives things other places.
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from report import markdown

# what CommonMark leaves as it is, and a citation key
_NO_LINK = re.compile(r"\[@\w+\]|\[[^\]]*\]\s?[\[(][^\])]*[\])]")
_PLACE = re.compile(r'<(?:a|span) id="([^"]+)">')


def texts(path: Path) -> list[tuple[str, str]]:
    """Return where and what JupyterLab shows as Markdown: cells and displayed Markdown."""
    if path.suffix != ".ipynb":
        return [("the text", path.read_text(encoding="utf-8"))]
    found = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], start=1):
        if cell["cell_type"] == "markdown":
            found.append((f"cell {number}", "".join(cell["source"])))
        for output in cell.get("outputs", []):
            if shown := output.get("data", {}).get("text/markdown"):
                found.append((f"cell {number}", "".join(shown)))
    return found


class Document:
    """The places and the links of a notebook or a Markdown file."""

    def __init__(self, path: Path):
        """Read the file."""
        self.path = path
        self.places: list[str] = []
        self.links: list[tuple[str, str]] = []  # cell, target
        self.mistakes: list[str] = []
        for where, text in texts(path):
            self._read(where, text)

    def _read(self, where: str, text: str) -> None:
        marked, formulas = markdown.split(text)

        def whole(part: str) -> str:
            return re.sub(r"@@(\d+)@@", lambda m: formulas[int(m[1])]["source"], part)

        inside = None  # of a heading
        for token in markdown.parse(marked):
            if token.type in ("heading_open", "heading_close"):
                inside = token.type == "heading_open"
            self.places += _PLACE.findall(token.content if token.type == "html_block" else "")
            parts = token.children or []
            if parts and inside:
                # as JupyterLab names it: spaces become dashes, everything else stays
                words = "".join(part.content for part in parts if part.type != "html_inline")
                self.places.append(whole(words).replace(" ", "-"))
            for part in parts:
                if part.type == "html_inline":
                    self.places += _PLACE.findall(part.content)
                elif part.type == "link_open":
                    self.links.append((where, whole(part.attrs["href"])))
                elif part.type == "text" and (found := _NO_LINK.search(part.content)):
                    self.mistakes.append(f"{where}: {found[0]} is shown as it is, not as a link")


def dead(paths: list[Path]) -> list[str]:
    """Return a line for each link that leads nowhere and each place that is named twice."""
    documents = {path.resolve(): Document(path) for path in paths}
    found = []
    for path, document in documents.items():
        name = document.path.name
        found += [f"{name}, {mistake}" for mistake in document.mistakes]
        named = [place for place in document.places if re.match(r"[a-z]+-", place)]
        twice = sorted({place for place in named if named.count(place) > 1})
        found += [f"{name}: the place {place} is named twice" for place in twice]
        for where, target in document.links:
            if re.match(r"[a-z]+:", target):
                continue
            file, _, place = target.partition(
                "#"
            )  # the place is looked up as the browser writes it
            other = (path.parent / unquote(file)).resolve() if file else path
            if not other.exists():
                found.append(f"{name}, {where}: {target} is no file")
            elif place and other.suffix in (".ipynb", ".md"):
                if other not in documents:
                    documents = documents | {other: Document(other)}
                if place not in documents[other].places:
                    found.append(f"{name}, {where}: {target} leads to no place")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(dead([Path(argument) for argument in sys.argv[1:]])) or None)
