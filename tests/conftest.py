"""Settings that all tests share."""

import pytest
from hypothesis import settings

# No deadline: how long an example takes depends on what else the machine is doing.
settings.register_profile("convolution", deadline=None, print_blob=True)
settings.load_profile("convolution")


def pytest_collection_modifyitems(items):
    """Keep the tests of a file in one process, and those of the whole book: they share fixtures."""
    for item in items:
        shared = {"book", "book_pdf"} & set(item.fixturenames)
        item.add_marker(pytest.mark.xdist_group("book" if shared else str(item.path)))
