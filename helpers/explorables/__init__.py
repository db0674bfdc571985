"""Figures that one can touch: in JupyterLab as widgets, on the web pages without a server.

Each explorable is one ES module in ``js/`` and one class beside it, whose traits are its state,
with types and checks; its ``show`` displays it with a still picture for paper. The same module runs
in JupyterLab, through anywidget, and on the page, where ``report`` puts it inline.
"""
