"""Blank feet of pages: a figure that does not fit goes to the next page, and leaves a gap."""

import io
from pathlib import Path

import numpy as np
import pypdf
import pypdfium2

TOP, FOOT = 26 / 297, 25 / 297  # margins as parts of a page's height, as in report.typ
BLANK = 0.25  # of the height of the text, from which on a gap is to be filled


def blank(pdf: bytes | Path) -> list[float]:
    """Return for each page which part of the height of its text is blank at the foot."""
    document = pypdfium2.PdfDocument(pdf)
    found = []
    for page in document:
        grey = page.render(scale=0.2, grayscale=True).to_numpy().squeeze()
        height = len(grey)
        text = grey[int(TOP * height) : int((1 - FOOT) * height)]
        inked = np.flatnonzero((text < 215).any(axis=1))
        found.append(1 - (inked[-1] + 1) / len(text) if len(inked) else 1.0)
    document.close()
    return found


def gaps(pdf: bytes | Path) -> list[int]:
    """Return the pages, counted from 0, with a blank foot before the end of their lesson."""
    reader = pypdf.PdfReader(io.BytesIO(pdf) if isinstance(pdf, bytes) else pdf)
    chapters = [entry for entry in reader.outline if not isinstance(entry, list)]
    starts = {reader.get_destination_page_number(entry) for entry in chapters}
    feet = blank(pdf)[:-1]
    return [n for n, part in enumerate(feet) if part > BLANK and n > 0 and n + 1 not in starts]


def after_gaps(pdf: bytes) -> set[str]:
    """Return the figures at the head of a page before which there is a gap: they may float."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    pages = {page.indirect_reference.idnum: n for n, page in enumerate(reader.pages)}
    heads = {n + 1 for n in gaps(pdf)}
    found = set()
    for name, place in reader.named_destinations.items():
        if name.startswith("place-fig-") and pages[place.page.idnum] in heads:
            height = float(reader.pages[pages[place.page.idnum]].mediabox.height)
            if float(place.top) > (1 - TOP) * height - 20:
                found.add(name.removeprefix("place-"))
    return found
