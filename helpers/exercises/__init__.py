"""Checks of the exercises: each takes a learner's answer and says in words what is wrong with it.

A check prints "Right: ..." or raises ``Wrong``. Where parts of an answer can be right, it returns
how many are.
"""

from helpers.exercises.backward import check_backward, check_gradients, check_transposed_size
from helpers.exercises.folding import check_covering, check_fold, check_to_images
from helpers.exercises.gradients import (
    check_input_gradient,
    check_weight_gradient,
    check_weight_gradient_by_convolution,
)
from helpers.exercises.hardware import (
    check_chunked_weight_gradient,
    check_copied,
    check_intensity,
    check_roofline,
    check_rows_convolve,
)
from helpers.exercises.judge import judge
from helpers.exercises.listing import listing
from helpers.exercises.loops import (
    check_convolve,
    check_convolve_image,
    check_output,
    check_output_length,
)
from helpers.exercises.sizes import check_cost, check_same_padding, check_sizes
from helpers.exercises.task import Task, switches
from helpers.exercises.testing import (
    check_best_step,
    check_first_check,
    check_numerical_gradient,
    check_shape_that_notices,
)
from helpers.exercises.unfolding import check_patch_number, check_patches, check_unfold
from helpers.exercises.values import judge_choice, judge_value, judge_values
from helpers.exercises.verdict import Unanswered, Wrong

__all__ = [
    "Task",
    "Unanswered",
    "Wrong",
    "check_backward",
    "check_best_step",
    "check_chunked_weight_gradient",
    "check_convolve",
    "check_convolve_image",
    "check_copied",
    "check_cost",
    "check_covering",
    "check_first_check",
    "check_fold",
    "check_gradients",
    "check_input_gradient",
    "check_intensity",
    "check_numerical_gradient",
    "check_output",
    "check_output_length",
    "check_patch_number",
    "check_patches",
    "check_roofline",
    "check_rows_convolve",
    "check_same_padding",
    "check_shape_that_notices",
    "check_sizes",
    "check_to_images",
    "check_transposed_size",
    "check_unfold",
    "check_weight_gradient",
    "check_weight_gradient_by_convolution",
    "judge",
    "judge_choice",
    "judge_value",
    "judge_values",
    "listing",
    "switches",
]
