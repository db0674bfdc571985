"""What is run from the command line and imported by no lesson: training, checking, measuring."""

from helpers.project import ROOT as PROJECT

__all__ = ["PROJECT", "CommandError"]


class CommandError(RuntimeError):
    """What was asked for cannot be done; the message says what to do."""
