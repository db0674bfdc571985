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
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from IPython.display import display
from matplotlib import font_manager
from tqdm import tqdm

TEXT_WIDTH = 6.3  # inches, the width of a line in the PDF
_PNG_DPI = 144
_STYLE = {
    "figure.figsize": (TEXT_WIDTH, 3.0),
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.family": ["Fira Sans", "DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "mathtext.fontset": "custom",
    "mathtext.rm": "Fira Sans",
    "mathtext.it": "Fira Sans:italic",
    "mathtext.bf": "Fira Sans:bold",
    "mathtext.cal": "Fira Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.alpha": 0.35,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    # the same bytes on every run
    "svg.hashsalt": "convolution-report",
    "svg.fonttype": "path",
}


def setup() -> None:
    """Set the report's style: Fira Sans, seaborn's colour-blind palette, nothing else."""
    fonts = Path(importlib.import_module("fontpkg_fira_sans").__file__).parent
    for font in sorted(fonts.rglob("*.?tf")):
        font_manager.fontManager.addfont(font)
    sns.set_theme(style="whitegrid", palette="colorblind", rc=_STYLE)


def _encode(figure, format: str) -> bytes | str:
    buffer = io.BytesIO()
    metadata = {"Software": None} if format == "png" else {"Date": None, "Creator": None}
    # Saving restores the layout engine, and a figure without one would get the default.
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        figure.savefig(buffer, format=format, dpi=_PNG_DPI, metadata=metadata, bbox_inches="tight")
    return buffer.getvalue() if format == "png" else _numbered(buffer.getvalue().decode())


def _numbered(svg: str) -> str:
    """Number the clip paths, which matplotlib may name after addresses in memory."""
    uses = re.findall(r"url\(#(p[0-9a-f]{10})\)", svg)
    number = {name: f"clip{n}" for n, name in enumerate(dict.fromkeys(uses), start=1)}
    return re.sub(r"\bp[0-9a-f]{10}\b", lambda match: number.get(match[0], match[0]), svg)


def _publish(data: dict, kind: str, name: str, caption: str, alt: str) -> None:
    report = {"kind": kind, "label": f"{kind}-{name}", "caption": caption, "alt": alt}
    display(data, raw=True, metadata={"report": report})
    # For readers of the notebook; the report sets the caption itself and skips this output.
    display({"text/markdown": f"*{caption}*"}, raw=True, metadata={"report": {"kind": "skip"}})


def show(figure, name: str, caption: str, alt: str) -> None:
    """Display a matplotlib figure and close it.

    ``name`` is unique in the report: the figure becomes ``figures/NN-name.png`` and ``.svg`` and is
    referred to as ``[figure](#fig-name)``. ``caption`` (Markdown) states the finding, ``alt`` says
    in plain text what is to be seen.
    """
    png = base64.b64encode(_encode(figure, "png")).decode()
    data = {"text/plain": f"[{alt}]", "image/png": png}
    if os.environ.get("REPORT_FIGURES") == "1":
        data["image/svg+xml"] = _encode(figure, "svg")
    plt.close(figure)
    _publish(data, "fig", name, caption, alt)


def animate(figures, name: str, caption: str, alt: str, *, interval: int = 700) -> None:
    """Display matplotlib figures one after another as an animated PNG, and close them.

    All figures have the same size; ``interval`` is the time of a frame in milliseconds. The report
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
        buffer, "png", save_all=True, append_images=frames[1:], duration=interval, loop=0
    )
    data = {"text/plain": f"[{alt}]", "image/png": base64.b64encode(buffer.getvalue()).decode()}
    _publish(data, "animation", name, caption, alt)


def table(frame, name: str, caption: str, *, precision: int = 3, index: bool = True) -> None:
    """Display a pandas DataFrame as a table, referred to as ``[table](#tbl-name)``."""
    html = frame.to_html(float_format=lambda x: f"{x:.{precision}f}", index=index, border=0)
    data = {"text/plain": frame.to_string(index=index), "text/html": html}
    _publish(data, "tbl", name, caption, caption)


def text(markdown: str) -> None:
    """Display Markdown prose, for sentences that hold computed numbers."""
    display({"text/markdown": markdown, "text/plain": markdown}, raw=True)


def listed(items: Iterable, form: str = "") -> str:
    """Return "a", "a and b", "a, b and c", ..., each written in the format ``form``."""
    *first, last = (format(item, form) for item in items)
    return f"{', '.join(first)} and {last}" if first else last


def watch(interval: float = 1.0) -> Callable[[dict], None]:
    """Return an ``on_progress`` for ``training.run``: a progress bar and a live curve below it.

    For use in a notebook. The curve is drawn anew after each epoch, and in between every
    ``interval`` seconds at most.
    """
    losses, accuracies = [], []  # pairs (epochs so far, value)
    picture = display({"text/plain": ""}, raw=True, display_id=True)
    bar = tqdm(unit="step", file=sys.stdout)
    drawn = 0.0

    def on_progress(event: dict) -> None:
        nonlocal drawn
        bar.total = event["epochs"] * event["steps"]
        bar.update((event["epoch"] - 1) * event["steps"] + event["step"] - bar.n)
        if "loss" in event:
            losses.append((bar.n / event["steps"], event["loss"]))
            bar.set_postfix(loss=f"{event['loss']:.3f}")
        if ended := "validation_accuracy" in event:
            accuracies.append((event["epoch"], 100 * event["validation_accuracy"]))
        if ended or (losses and time.monotonic() - drawn > interval):
            drawn = time.monotonic()
            picture.update(_curves(losses, accuracies, event["epochs"]), raw=True)
        if bar.n == bar.total and ended:
            bar.close()

    return on_progress


def _curves(losses: list, accuracies: list, epochs: int) -> dict:
    fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.2))
    for ax, points, label, style in (
        (axes[0], losses, "training loss", "-"),
        (axes[1], accuracies, "validation accuracy in %", "o-"),
    ):
        ax.plot(*zip(*points, strict=True) if points else ([], []), style)
        ax.set(xlabel="epoch", ylabel=label, xlim=(0, epochs))
    png = base64.b64encode(_encode(fig, "png")).decode()
    plt.close(fig)
    return {"image/png": png, "text/plain": f"accuracy {[value for _, value in accuracies]}"}
