"""Parts of slides that do not depend on the lesson: steps, formulas and fonts."""

import base64
import io
import re
import subprocess

from fontTools import subset
from fontTools.ttLib import TTFont

from report.common import FONTS, PANDOC, ReportError

DECK_FONTS = {
    "FiraSans-Regular.ttf": ("Fira Sans", 400, "normal"),
    "FiraSans-Italic.ttf": ("Fira Sans", 400, "italic"),
    "FiraSans-SemiBold.ttf": ("Fira Sans", 600, "normal"),
    "IBMPlexMono-Regular.ttf": ("IBM Plex Mono", 400, "normal"),
    "STIXTwoMath-Regular.ttf": ("STIX Two Math", 400, "normal"),
}


def tall(data: dict) -> bool:
    """Say whether a picture in its full width would leave no room for a caption."""
    found = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', data.get("image/svg+xml", ""))
    return bool(found) and float(found[2]) / float(found[1]) > 0.4


def step_by_step(html: str) -> str:
    """Return HTML whose ordered lists appear item by item, and then what follows them."""
    before, *rest = re.split(r"(?=<ol[ >])", html)
    parts = [before]
    for part in rest:
        steps, end, after = part.partition("</ol>")
        steps = steps.replace("<li>", '<li class="fragment">')
        parts.append(steps + end + after.replace("\n<p>", '\n<p class="fragment">'))
    return "".join(parts)


def mathml(found: list[dict]) -> list[str]:
    """Return formulas as MathML, all by one call of pandoc."""
    if not found:
        return []
    mark = {True: "$$", False: "$"}
    lines = [
        mark[one["display"]] + " ".join(one["tex"].split()) + mark[one["display"]] for one in found
    ]
    command = [PANDOC, "-f", "markdown_strict+tex_math_dollars", "-t", "html", "--mathml"]
    run = subprocess.run(
        [*command, "--wrap=none"], input="\n\n".join(lines), capture_output=True, encoding="utf-8"
    )
    pieces = re.findall(r"<math.*?</math>", run.stdout, re.S)
    if run.returncode or run.stderr or len(pieces) != len(found):
        raise ReportError(f"a formula of the slides cannot be set: {run.stderr}")
    pieces = [re.sub(r"<annotation.*?</annotation>", "", piece, flags=re.S) for piece in pieces]
    steps = [one["display"] and r"\begin{aligned}" in one["tex"] for one in found]
    return [stepped(piece) if rows else piece for piece, rows in zip(pieces, steps, strict=True)]


def stepped(piece: str) -> str:
    """Return an aligned formula whose rows after the first appear one by one."""
    rows = iter(range(piece.count("<mtr>")))
    return re.sub(r"<mtr>", lambda _: '<mtr class="fragment">' if next(rows) else "<mtr>", piece)


def fonts(body: str) -> str:
    """Return the fonts as style sheet, with the characters that the deck has."""
    characters = set(body) | set(map(chr, range(32, 127))) | set("…·−×–“”‘’")
    rules = []
    for file, (family, weight, style) in DECK_FONTS.items():
        source = next(path for folder in FONTS for path in folder.rglob(file))
        options = subset.Options(
            layout_features=["*"],
            notdef_outline=True,
            drop_tables=["meta", *subset.Options().drop_tables],
        )
        font = TTFont(source)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=map(ord, characters))
        cutter.subset(font)
        font.flavor = "woff"
        data = io.BytesIO()
        font.save(data)
        encoded = base64.b64encode(data.getvalue()).decode()
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; '
            f"src: url(data:font/woff;base64,{encoded}); }}\n"
        )
    return "".join(rules)
