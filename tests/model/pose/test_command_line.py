"""How a command ends: what goes wrong beyond it is one line and a status."""

import subprocess
import sys

import pytest

from model.pose.command_line import BROKEN_PIPE, INTERRUPTED, UNUSABLE, exit_status
from tests.service.process import ROOT


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (PermissionError(13, "Permission denied", "a.onnx"), UNUSABLE, "Permission denied: 'a.on"),
        (ModuleNotFoundError(name="torch"), UNUSABLE, "the package torch is not installed here"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
    ],
)
def test_a_fault_is_one_line(
    fault: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever ended it, nobody reads a traceback."""

    def work() -> int:
        raise fault

    assert exit_status("export", work) == status
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == bool(said)


def test_who_has_read_enough_may_go() -> None:
    """`export inspect … | head -1`: quiet, though much more was to be said."""
    source = (
        "import sys; from model.pose.command_line import exit_status as e; "
        "sys.exit(e('x', lambda: print('line\\n' * 100_000) or 0))"
    )
    command = f'{sys.executable} -c "{source}" | head -n 1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (f"line\n{BROKEN_PIPE}\n", "")
