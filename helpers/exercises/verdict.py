"""How a check speaks: in words, and without a traceback through the project's own code."""


class Wrong(AssertionError):
    """An answer is wrong; the message says in plain words what is wrong with it."""

    def _render_traceback_(self) -> list[str]:
        """Return what Jupyter shows: the message alone."""
        return [f"Wrong: {self}"]


class Unanswered(Wrong):
    """There is no answer yet."""


def right(what: str) -> None:
    """Say that an answer is right."""
    print(f"Right: {what}")
