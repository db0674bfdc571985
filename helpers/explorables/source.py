"""The JavaScript of an explorable as one text, since a page opened as a file imports nothing."""

import re
from pathlib import Path

FOLDER = Path(__file__).with_name("js")
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.mjs";\n', re.M)


def source(module: str) -> str:
    """Return ``js/<module>.mjs`` with the modules that it imports before it, each once.

    The text has one default export, as anywidget wants it. Raises FileNotFoundError for an unknown
    module and ValueError for an import of another form than ``import { a } from "./b.mjs";``.
    """
    parts: dict[str, str] = {}
    _collect(module, parts)
    *used, (_, main) = parts.items()
    return "".join([re.sub(r"^export ", "", text, flags=re.M) for _, text in used] + [main])


def _collect(module: str, parts: dict[str, str]) -> None:
    if module in parts:
        return
    text = (FOLDER / f"{module}.mjs").read_text(encoding="utf-8")
    for used in _IMPORT.findall(text):
        _collect(used, parts)
    text = _IMPORT.sub("", text)
    if wrong := re.search(r"^import .*", text, re.M):
        raise ValueError(f'{module}.mjs: {wrong[0]!r}; write import {{ a }} from "./b.mjs";')
    parts[module] = text
