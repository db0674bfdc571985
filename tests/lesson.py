"""The definitions of a lesson, so that tests can hold them to the behaviour of ``helpers``."""

import ast
from pathlib import Path
from types import SimpleNamespace

import nbformat

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
_DEFINES = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def definitions(name: str) -> SimpleNamespace:
    """Return the functions and classes that the lesson ``name`` defines, as attributes.

    ``name`` is the notebook's file name without suffix, as "01_naive_convolution". Only imports,
    functions and classes at the top level of a cell are executed, in the lesson's order; a later
    definition of the same name replaces an earlier one, as it does for a reader.
    """
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    namespace: dict = {"__name__": name}
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        tree.body = [node for node in tree.body if isinstance(node, _DEFINES)]
        exec(compile(tree, f"{name}.ipynb, cell {number}", "exec"), namespace)
    return SimpleNamespace(**namespace)
