"""One style for every picture, and captions that travel with it into the report.

A figure or table shown by this module carries its name, caption and alternative text in the
metadata of its output, where the report finds them. While the report is built
(``REPORT_FIGURES=1``) a figure also holds a vector version; in JupyterLab it is PNG only.
"""

import base64
import importlib
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib import font_manager

TEXT_WIDTH = 6.3  # inches, the width of a line in the PDF
_KINDS = {"fig": "Figure", "tbl": "Table"}
_lesson: int | None = None
_numbers: dict[str, int] = {}  # from a label, such as fig-one-window, to its number in the lesson


def setup(lesson: int | None = None) -> None:
    """Set the report's style, whatever the reader's own settings are; see ``report.mplstyle``.

    ``lesson`` is the number of the lesson, with which its figures and tables are numbered. Raises
    RuntimeError where Python leaves out ``assert``: the lesson's checks would say nothing.
    """
    global _lesson
    if not __debug__:
        raise RuntimeError(
            "Python was started with -O or PYTHONOPTIMIZE, so that the checks of a lesson are left "
            "out; start it without"
        )
    _lesson = lesson
    _numbers.clear()
    fonts = Path(importlib.import_module("fontpkg_fira_sans").__file__).parent
    for font in sorted(fonts.rglob("*.?tf")):
        font_manager.fontManager.addfont(font)
    mpl.rcdefaults()
    plt.style.use(Path(__file__).with_name("report.mplstyle"))


def encode(figure, *formats: str) -> list[bytes | str]:
    """Return a figure as ``"png"`` bytes and ``"svg"`` text, in this order of formats.

    The same on every run. The layout is found once, for all formats.
    """
    dpi = mpl.rcParams["savefig.dpi"]
    if dpi != "figure":  # without setup: the figure's own
        figure.dpi = dpi  # the layout depends on it, by a fraction of a pixel
    figure.draw_without_rendering()
    bounds = figure.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])
    figure.set_layout_engine("none")
    encoded = []
    # Saving restores the layout engine, and a figure without one would get the default.
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        for format in formats:
            metadata = {"Software": None} if format == "png" else {"Date": None, "Creator": None}
            buffer = io.BytesIO()
            figure.savefig(buffer, format=format, metadata=metadata, bbox_inches=bounds)
            content = buffer.getvalue()
            encoded.append(content if format == "png" else _numbered(content.decode()))
    return encoded


def _numbered(svg: str) -> str:
    """Number the clip paths, which matplotlib may name after addresses in memory."""
    uses = re.findall(r"url\(#(p[0-9a-f]{10})\)", svg)
    number = {name: f"clip{n}" for n, name in enumerate(dict.fromkeys(uses), start=1)}
    return re.sub(r"\bp[0-9a-f]{10}\b", lambda match: number.get(match[0], match[0]), svg)


def _publish(
    data: dict, kind: str, name: str, caption: str, alt: str, hint: str = "", **more
) -> None:
    label = f"{kind}-{name}"
    report = {"kind": kind, "label": label, "caption": caption, "alt": alt} | more
    display(data, raw=True, metadata={"report": report})
    # For readers of the notebook; the report sets the caption itself and skips this output.
    text = f'<a id="{label}"></a>{_number(kind, label)}{caption}{hint}'
    display({"text/markdown": text}, raw=True, metadata={"report": {"kind": "skip"}})


def _number(kind: str, label: str) -> str:
    """Return "**Figure 3.2.** ": counted in a lesson; a cell run again keeps its number."""
    if kind not in _KINDS:
        return ""
    count = sum(other.startswith(f"{kind}-") for other in _numbers) + 1
    number = _numbers.setdefault(label, count)
    return f"**{_KINDS[kind]} {number if _lesson is None else f'{_lesson}.{number}'}.** "


def show(figure, name: str, caption: str, alt: str, *, live: dict | None = None, **more) -> None:
    """Display a matplotlib figure and close it.

    ``name`` is unique in the report: the figure becomes ``figures/NN-name.png`` and ``.svg`` and is
    referred to as ``[figure](#fig-name)``. ``caption`` (Markdown) states the finding, ``alt`` says
    in plain text what is to be seen. For ``helpers.explorables``: ``live``, by MIME type, is what a
    running notebook shows in its place, ``more`` has a ``hint`` for readers of the notebook, and
    the rest of it goes into the metadata for the report.
    """
    vector = ["svg"] if os.environ.get("REPORT_FIGURES") == "1" else []
    png, *svg = encode(figure, "png", *vector)
    plt.close(figure)
    data = {"text/plain": f"[{alt}]", "image/png": base64.b64encode(png).decode()}
    if svg:
        data["image/svg+xml"] = svg[0]
    _publish(data | (live or {}), "fig", name, caption, alt, **more)


def animate(figures, name: str, caption: str, alt: str, *, interval: int = 600) -> None:
    """Display matplotlib figures one after another as an animated PNG, and close them.

    All figures have the same size; ``interval`` is the time of a frame in milliseconds. It plays
    once: what moves for more than five seconds must be stoppable (WCAG 2.2.2). The report
    on paper shows the other figures of the lesson instead; the web page plays the animation.
    """
    from PIL import Image

    frames = []
    for figure in figures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
        frames.append(Image.open(buffer).convert("RGB"))
        plt.close(figure)
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "png", save_all=True, append_images=frames[1:], duration=interval, loop=1
    )
    data = {"text/plain": f"[{alt}]", "image/png": base64.b64encode(buffer.getvalue()).decode()}
    _publish(data, "animation", name, caption, alt)


def table(frame, name: str, caption: str, *, precision: int = 3, index: bool = True) -> None:
    """Display a pandas DataFrame as a table, referred to as ``[table](#tbl-name)``."""
    form = {"float_format": lambda x: f"{x:.{precision}f}", "index": index, "na_rep": "–"}
    data = {"text/plain": frame.to_string(**form), "text/html": frame.to_html(**form, border=0)}
    _publish(data, "tbl", name, caption, caption)


def text(markdown: str) -> None:
    """Display Markdown prose, for sentences that hold computed numbers."""
    display({"text/markdown": markdown, "text/plain": markdown}, raw=True)


def listed(items: Iterable, form: str = "") -> str:
    """Return "a", "a and b", "a, b and c", ..., each written in the format ``form``."""
    *first, last = (format(item, form) for item in items)
    return f"{', '.join(first)} and {last}" if first else last
