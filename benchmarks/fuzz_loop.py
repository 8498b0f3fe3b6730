"""The fuzzing loop: one process of it, started by `benchmarks.fuzz`, which reads what it prints.

libFuzzer makes an input, plays it, and keeps it as the start of others where it reached branches
that none had reached. Its arguments are libFuzzer's own.
"""

import sys
import warnings
from importlib import import_module
from typing import Any

# It ships no types.
atheris: Any = import_module("atheris")

with atheris.instrument_imports(include=["benchmarks.fuzzed_client", "service", "model.pose"]):
    from benchmarks.fuzzed_client import play


def play_all(data: bytes) -> None:
    """Plays an input to its end."""
    for _ in play(data):
        pass


if __name__ == "__main__":
    # A number that overflows where nobody expected it is no clean error either.
    warnings.simplefilter("error")
    atheris.Setup(sys.argv, play_all)
    atheris.Fuzz()
