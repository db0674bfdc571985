"""What all explorables share, and how one is shown."""

from typing import Any

import anywidget
import traitlets

from helpers import figures
from helpers.explorables.source import source

HINT = " (Run this cell, and the figure can be touched.)"
WIDGET = "application/vnd.jupyter.widget-view+json"


class Matrix(traitlets.TraitType):
    """Rows of numbers of one length, at most ``limit`` in each direction; a tensor will do."""

    info_text = "a matrix: a list of rows of finite numbers, all of one length"

    def __init__(self, *args, limit: int = 12, **options):
        """``limit`` is the largest number of rows and of columns."""
        super().__init__(*args, **options)
        self.limit = limit

    def validate(self, obj, value) -> list[list[float]]:
        """Return the rows as lists; TraitError names what is wrong."""
        rows = value.tolist() if hasattr(value, "tolist") else value
        try:
            if any(isinstance(part, str) for part in (rows, *rows)):  # "12" is no row 1, 2
                self.error(obj, value)
            rows = [[float(entry) for entry in row] for row in rows]
        except (TypeError, ValueError):
            self.error(obj, value)
        if not rows or not rows[0] or {len(row) for row in rows} != {len(rows[0])}:
            self.error(obj, value)
        if max(len(rows), len(rows[0])) > self.limit:
            raise traitlets.TraitError(
                f"{self.name} has {len(rows)}×{len(rows[0])} entries; at most "
                f"{self.limit}×{self.limit} can be shown"
            )
        if any(abs(entry) > 1e6 or entry != entry for row in rows for entry in row):
            raise traitlets.TraitError(
                f"{self.name} must hold finite numbers of at most a million, got {value!r}"
            )
        return rows


class Explorable(anywidget.AnyWidget):
    """A figure that one can touch. A subclass names its ``module`` in ``js/`` and its traits.

    ``question`` is one that can be answered with the figure; its ``answer`` is folded below.
    """

    module = ""
    question = traitlets.Unicode().tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)

    def __init__(self, **state):
        """Set traits by name; TraitError for a value of the wrong kind or an unknown name."""
        if unknown := sorted(set(state) - set(self.state_names())):
            raise traitlets.TraitError(
                f"{type(self).__name__} has no {', '.join(unknown)}; it has "
                f"{', '.join(self.state_names())}"
            )
        super().__init__(_esm=source(self.module), **state)

    @classmethod
    def state_names(cls) -> list[str]:
        """Return the names of the traits that the figure and Python share."""
        own = cls.class_traits(sync=True).keys() - anywidget.AnyWidget.class_traits().keys()
        return sorted(name for name in own if not name.startswith("_"))

    def state(self) -> dict[str, Any]:
        """Return the state, as JSON can hold it."""
        return {name: getattr(self, name) for name in self.state_names()}

    def show(self, name: str, caption: str, alt: str, *, still) -> None:
        """Display the explorable, with a matplotlib figure ``still`` that stands for it on paper.

        ``name``, ``caption`` and ``alt`` are as in ``figures.show``: the caption says what to look
        for, and the question follows it. A notebook that is opened shows the still picture until
        its cell is run.
        """
        if self.question:
            caption = f"{caption} *Question: {self.question}*"
        data, _ = self._repr_mimebundle_()
        details = {"module": self.module, "state": self.state()}
        live = {WIDGET: data[WIDGET]}
        figures.show(still, name, caption, alt, live=live, hint=HINT, explorable=details)
