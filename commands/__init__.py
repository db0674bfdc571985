"""What is run from the command line and imported by no lesson: training, checking, measuring."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


class CommandError(RuntimeError):
    """What was asked for cannot be done; the message says what to do."""
