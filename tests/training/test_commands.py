"""The command line of training: what documents say parses, defaults are said, loading is late."""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.pose.layout import layout_named
from training.__main__ import command_line
from training.commands import CommandParser
from training.protocols import protocol_named

ROOT = Path(__file__).parents[2]
PAGES = ("docs/training.md", "docs/data.md", "docs/results.md", "Makefile")
COMMAND = re.compile(r"^\S*(?:python|torchrun [^\n]*?) -m training ([^…`\n]+)$", re.M)


def commands(parser: argparse.ArgumentParser) -> Iterator[CommandParser]:
    """All commands, loaded, groups of them included."""
    assert isinstance(parser, CommandParser)
    parser.load()
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for under in action.choices.values():
                yield from commands(under)


def test_every_option_says_its_default() -> None:
    """In words where there is no value; "None" and "False" are nobody's words."""
    names = []
    for command in commands(command_line()):
        names.append(command.prog)
        said = " ".join(command.format_help().split())
        assert "default: None" not in said, command.prog
        assert "default: False" not in said, command.prog
        assert "default: []" not in said, command.prog
        formatter = command._get_formatter()
        for action in command._actions:
            optional = action.option_strings and not action.required
            if optional and not isinstance(action, argparse._HelpAction):
                shown = formatter._get_help_string(action)
                assert "(default: " in (shown or ""), (command.prog, action.option_strings)
    assert len(names) == len(set(names)) > 15


def written() -> list[tuple[str, str]]:
    """Every command line of the documents that stands on a line of its own."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
        text = text.replace("\t", "").replace("$(UTKINECT)", "DIR")
        found += [(page, line) for line in COMMAND.findall(text)]
    return found


@pytest.mark.parametrize(("page", "line"), written())
def test_what_documents_say_parses(page: str, line: str) -> None:
    """Options, choices and numbers by the parser itself; protocols and layouts by their names."""
    args = command_line().parse_args(shlex.split(line))
    if getattr(args, "layout", None):
        layout_named(args.layout)
    if getattr(args, "protocol", None):
        store = args.store[0] if isinstance(args.store, list) else args.store
        named = "everyday" if store.parent.name == "streams" else store.name
        assert named in protocol_named(args.protocol).data_sets


def test_the_documents_are_found() -> None:
    """The test above would be content with none."""
    pages = [page for page, _ in written()]
    assert pages.count("docs/training.md") > 30
    assert "Makefile" in pages


def test_what_needs_no_network_waits_for_none() -> None:
    """``prepare`` and the lists of commands load neither torch nor scikit-learn."""
    told = (
        "import sys\nfrom training.__main__ import main\n"
        "for words in (['--help'], ['prepare', '--help'], ['evaluate', '--help']):\n"
        "    try:\n        main(words)\n    except SystemExit:\n        pass\n"
        "print({'torch', 'sklearn', 'lightning'} & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1:] == ["set()"], done.stderr


@pytest.mark.parametrize("tool", ["training", "export"])
def test_a_package_that_serving_does_not_need_is_named(tool: str) -> None:
    """Where only the service was set up, a command says what to do."""
    words = {"training": ["pretrain"], "export": ["onnx"]}[tool]
    script = (
        f"import sys; sys.modules['torch'] = None; from {tool}.__main__ import main; "
        f"sys.exit(main({words}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == (
        f"{tool}: the package torch is not installed here; `make setup` installs what this needs\n"
    )
