"""The fuzzer: how many inputs, guided by coverage, the decoding of messages takes without a fault.

`python -m benchmarks.fuzz --seconds 60`. An input is what one client sends. Valid ones are changed
over and over, and what reaches branches of the service's own Python that nothing reached before is
changed further. A fault is anything but a clean refusal, and an input that takes seconds. It needs
atheris, whose wheels are for Linux.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.fuzz_seeds import seeds, words
from model.pose.command_line import UNUSABLE, Parser

ROOT = Path(__file__).resolve().parents[1]

LOOP = "benchmarks.fuzz_loop"
"""The module that plays inputs."""

LONGEST_INPUT_BYTES = 8192
SLOWEST_S = 10
"""An input that takes longer is a fault; they take milliseconds, but a machine may be busy."""

MEMORY_MB = 1024
PATIENCE_S = 120
"""How long beyond its time the loop may take to begin and to end."""

FAULT = 1


@dataclass(frozen=True)
class Fault:
    """What went wrong.

    Attributes:
        said: the traceback.
        input: with what.
    """

    said: str
    input: bytes


@dataclass(frozen=True)
class Fuzzed:
    """What fuzzing found.

    Attributes:
        inputs: how many were played.
        edges: branches of the service's own code that they reached.
        kept: how many of them reached some that none before had reached.
        fault: what ended it early, if anything did.
    """

    inputs: int
    edges: int
    kept: int
    fault: Fault | None


def unavailable() -> str | None:
    """Returns why there is no fuzzing here, in one sentence, or None."""
    if find_spec("atheris") is None:
        return f"fuzzing needs atheris, which is not installed for {sys.executable}"
    return None


def fuzz(seconds: int, inputs: int = -1, loop: str = LOOP) -> Fuzzed:
    """Plays inputs until time is up, so many were played, or one is a fault.

    Args:
        seconds: how long.
        inputs: how many at most; -1 for as many as there is time for.
        loop: the module that plays them, `benchmarks.fuzz_loop` or one of its kind.
    """
    with tempfile.TemporaryDirectory(prefix="posewire-fuzz-") as name:
        place = Path(name)
        ended = subprocess.run(
            [sys.executable, "-m", loop, *_arguments(place, seconds, inputs)],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds + PATIENCE_S,
        )
        faulty = [path.read_bytes() for path in place.glob("fault-*")]
    said = ended.stdout + ended.stderr
    fault = None
    if ended.returncode != 0:
        fault = Fault(_traceback(said), faulty[0] if faulty else b"")
    return Fuzzed(
        _last(r"stat::number_of_executed_units:\s*(\d+)", said),
        _last(r"cov: (\d+)", said),
        _last(r"corp: (\d+)", said),
        fault,
    )


def _arguments(place: Path, seconds: int, inputs: int) -> list[str]:
    """Writes what the loop begins with, and returns its arguments, which are libFuzzer's."""
    corpus, dictionary = place / "corpus", place / "words"
    corpus.mkdir()
    for number, valid in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(valid)
    dictionary.write_text("".join(f'"{word}"\n' for word in words()))
    settings = {
        "max_total_time": seconds,
        "runs": inputs,
        "max_len": LONGEST_INPUT_BYTES,
        "timeout": SLOWEST_S,
        "rss_limit_mb": MEMORY_MB,
        "dict": dictionary,
        "artifact_prefix": place / "fault-",
        "print_final_stats": 1,
    }
    return [str(corpus), *(f"-{option}={value}" for option, value in settings.items())]


def _last(pattern: str, said: str) -> int:
    """The number that was said last; it is said over and over as it grows."""
    numbers = re.findall(pattern, said)
    return int(numbers[-1]) if numbers else 0


def _traceback(said: str) -> str:
    """The traceback, or what was said last where there is none."""
    found = re.search(r"=== Uncaught Python exception: ===\n(.+?)\n==\d+==", said, re.DOTALL)
    return (found[1] if found else said[-2000:]).strip()


def main(arguments: list[str] | None = None) -> int:
    """Fuzzes and says what was found; returns 1 after a fault, 2 where there is no fuzzing."""
    parser = Parser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument(
        "--seconds", type=_seconds, default=60, help="how long to play inputs (default %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="one machine-readable line, last")
    options = parser.parse_args(arguments)
    if reason := unavailable():
        print(f"posewire: {reason}", file=sys.stderr)
        return UNUSABLE
    found = fuzz(options.seconds)
    print(
        f"{found.inputs} inputs in {options.seconds} s, {found.inputs / options.seconds:.0f} a "
        f"second; {found.kept} of them reached all {found.edges} edges that were reached"
    )
    if found.fault is None:
        print("nothing but messages and clean refusals")
    else:
        print(f"{found.fault.said}\nthe input: {found.fault.input!r}")
    if options.json:
        print(
            json.dumps({"inputs": found.inputs, "edges": found.edges, "fault": bool(found.fault)})
        )
    return 0 if found.fault is None else FAULT


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 86400:
        raise argparse.ArgumentTypeError(f"expected 1 to 86400, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
