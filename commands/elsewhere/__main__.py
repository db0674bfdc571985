"""Give the same small convolutions to other libraries: ``make elsewhere``.

Installs ``requirements.txt`` into an environment below the build folder, asks each library in a
process of its own and writes ``results/elsewhere.json``, which lesson 12 reads.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

from commands import PROJECT

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
LIBRARIES = {  # the name of the file in libraries/, and what its process finds in its environment
    "torch": {},
    "scipy": {},
    "opencv": {},
    "pillow": {},
    "skimage": {},
    "jax": {},
    "keras on torch": {"KERAS_BACKEND": "torch"},
    "keras on jax": {"KERAS_BACKEND": "jax"},
    "onnx": {},
    "kornia": {},
    "tinygrad": {"DEV": "PYTHON", "CACHELEVEL": "0"},  # needs no compiler
    "ncnn": {},
    "mlx": {},
    "counters": {},
}


def install(folder: Path) -> Path:
    """Make the environment unless it is there with the same requirements; return its Python."""
    python, ready = folder / "venv" / "bin" / "python", folder / "ready"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not ready.is_file() or ready.read_text(encoding="utf-8") != wanted:
        print(f"Installing the libraries into {folder}; this takes some minutes.", flush=True)
        venv.create(folder / "venv", with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        ready.write_text(wanted, encoding="utf-8")
    return python


def ask(name: str, python: Path, folder: Path) -> dict:
    """Return versions and answers of one library. Raises SystemExit when its process fails."""
    everywhere = {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    everywhere["KERAS_HOME"] = str(folder / "keras")
    done = subprocess.run(
        [python, "-m", "commands.elsewhere.answer", name.split(" ")[0]],
        env=os.environ | everywhere | LIBRARIES[name],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{name} failed, see above; nothing was written")
    return json.loads(done.stdout.splitlines()[-1])


def merge(parts: list[dict], date: str) -> dict:
    """Return the content of the file: versions, and the answers by question, library and call."""
    content: dict = {"date": date, "python": ".".join(map(str, sys.version_info[:2]))}
    content |= {"versions": {}, "answers": {}}
    for part in parts:
        content["versions"] |= part["versions"]
        for question, rows in part["answers"].items():
            content["answers"].setdefault(question, {}).update(rows)
    return content


def written(content: dict) -> str:
    """Return the content as JSON with a line for each answer."""
    head = {key: value for key, value in content.items() if key != "answers"}
    blocks = [
        f"  {json.dumps(question)}: {{\n"
        + ",\n".join(f"   {json.dumps(c)}: {json.dumps(answer)}" for c, answer in rows.items())
        + "\n  }"
        for question, rows in content["answers"].items()
    ]
    answers = '\n "answers": {\n' + ",\n".join(blocks) + "\n }\n}\n"
    return json.dumps(head, indent=1).removesuffix("\n}") + "," + answers


def write(file: Path, parts: list[dict], date: str) -> bool:
    """Write the file unless it says the same already, whatever its date; return if it changed."""
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        if before == merge(parts, before["date"]):
            return False
    new = file.with_name(file.name + ".new")
    new.write_text(written(merge(parts, date)), encoding="utf-8")
    new.replace(file)
    return True


def main() -> None:
    """Install, ask, write."""
    parser = argparse.ArgumentParser(prog="python -m commands.elsewhere", description=__doc__)
    parser.add_argument("--build", type=Path, default=PROJECT / "build" / "elsewhere")
    parser.add_argument("--results", type=Path, default=PROJECT / "results", metavar="DIR")
    options = parser.parse_args()
    folder = options.build.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = install(folder)
    parts = []
    for name in LIBRARIES:
        print(f"asking {name}", flush=True)
        parts.append(ask(name, python, folder))
    file = options.results / "elsewhere.json"
    changed = write(file, parts, datetime.date.today().isoformat())
    print(f"{file}: {'written' if changed else 'says the same already'}")


if __name__ == "__main__":
    main()
