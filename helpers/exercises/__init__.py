"""Checks of the exercises: each takes a learner's answer and says in words what is wrong with it.

A check prints "Right: ..." or raises ``Wrong``. Where parts of an answer can be right, it returns
how many are.
"""

from helpers.exercises.judge import judge
from helpers.exercises.listing import listing
from helpers.exercises.loops import check_convolve, check_output, check_output_length
from helpers.exercises.task import Task, switches
from helpers.exercises.values import judge_choice, judge_value, judge_values
from helpers.exercises.verdict import Unanswered, Wrong

__all__ = [
    "Task",
    "Unanswered",
    "Wrong",
    "check_convolve",
    "check_output",
    "check_output_length",
    "judge",
    "judge_choice",
    "judge_value",
    "judge_values",
    "listing",
    "switches",
]
