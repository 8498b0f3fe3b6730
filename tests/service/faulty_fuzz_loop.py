"""A fuzzing loop with a fault in it: whoever forgets an action is not forgiven."""

import sys
from importlib import import_module
from typing import Any

atheris: Any = import_module("atheris")


def play(data: bytes) -> None:
    if b"forget" in data:
        raise ZeroDivisionError("nobody forgets")


if __name__ == "__main__":
    atheris.Setup(sys.argv, play)
    atheris.Fuzz()
