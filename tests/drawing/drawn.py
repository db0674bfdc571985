"""What is in a figure."""


def labels(figure) -> list[str]:
    """Return the words written in the axes, in the order of drawing."""
    return [text.get_text() for ax in figure.axes for text in ax.texts]
