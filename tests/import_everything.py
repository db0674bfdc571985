"""Import every module of the project: run by `make lowest` with the oldest packages allowed."""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

names = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for folder in ("helpers", "commands", "report")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if file.parent != ROOT / "commands" / "elsewhere" / "libraries"  # has its own packages
]
for name in names:
    importlib.import_module(name)
print(f"{len(names)} modules can be imported with the lower bounds of pyproject.toml")
