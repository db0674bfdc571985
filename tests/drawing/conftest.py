"""Figures have the report's style, and are closed after each test."""

import matplotlib.pyplot as plt
import pytest

from helpers import figures


@pytest.fixture(autouse=True)
def style():
    figures.setup()
    yield
    plt.close("all")
