"""The fonts of the web pages, as small files, with their licences."""

import hashlib
import io
import os
import tempfile
from pathlib import Path

from fontTools.ttLib import TTFont

from report.common import FONTS, read_text, write_text

SITE_FONTS = [
    "FiraSans-Regular.ttf",
    "FiraSans-Italic.ttf",
    "FiraSans-SemiBold.ttf",
    "IBMPlexMono-Regular.ttf",
    "STIXTwoMath-Regular.ttf",
]


def write(folder: Path, cache: Path) -> None:
    """Write the fonts as WOFF2, a third as large as TTF, and what their licences say.

    Packing takes seconds, so the files are kept in ``cache``, named after what they hold.
    """
    sources = [next(path for f in FONTS for path in f.rglob(font)) for font in SITE_FONTS]
    for source in sources:
        packed = cache / f"{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}.woff2"
        if not packed.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            _replace(packed, pack(source))
        (folder / f"{source.stem}.woff2").write_bytes(packed.read_bytes())
    write_text(folder / "LICENSE.txt", licences(sources))


def pack(source: Path) -> bytes:
    """Return a TrueType font as WOFF2; nothing of it is left out or renamed."""
    font = TTFont(source, recalcTimestamp=False)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer, reorderTables=False)
    return buffer.getvalue()


def _replace(target: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, target)


def licences(sources: list[Path]) -> str:
    """Return what the fonts say of their authors and licence, and the licence's text."""
    lines = []
    for file in sorted(sources):
        names = TTFont(file, lazy=True)["name"]
        lines += [file.stem, *filter(None, map(names.getDebugName, (0, 13, 14))), ""]
    licence = read_text(FONTS[0] / "LICENSE")  # the same for all of them
    return "\n".join([*lines, licence[licence.index("-----") :]])
