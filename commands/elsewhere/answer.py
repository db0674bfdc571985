"""``python -m commands.elsewhere.answer NAME``: write what one library answers, as JSON."""

import importlib
import json
import sys
import warnings


def main() -> None:
    """Ask the library of ``libraries/with_NAME.py`` and print versions and answers."""
    warnings.simplefilter("ignore")
    module = importlib.import_module(f"commands.elsewhere.libraries.with_{sys.argv[1]}")
    answers = {
        question: {
            call if ": " in call else f"{module.NAME}: {call}": answer
            for call, answer in rows.items()
        }
        for question, rows in module.answers().items()
    }
    print(json.dumps({"versions": module.VERSIONS, "answers": answers}))


if __name__ == "__main__":
    main()
