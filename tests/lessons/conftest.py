"""What the tests of a lesson leave behind for those of another file: nothing."""

import pytest

from helpers import figures


@pytest.fixture(scope="module", autouse=True)
def figures_without_a_lesson():
    """A lesson that a test executes numbers its figures; forget its number with the file."""
    yield
    figures.setup()
