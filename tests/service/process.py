"""A server as a person starts it: a process, its printed address, a signal at the end."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.patience import SOON_S

ROOT = Path(__file__).resolve().parents[2]


def command(
    *arguments: str, complaints: IO[bytes] | None = None, **settings: object
) -> subprocess.Popen[str]:
    """Starts `python -m service …` with settings of its own, whatever the environment has.

    Args:
        arguments: of the command line.
        complaints: a file for its stderr; without one it is a pipe.
        settings: name → value of the environment's `POSEWIRE_*`.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("POSEWIRE_")}
    environment |= {f"POSEWIRE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "service", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=complaints or subprocess.PIPE,
        text=True,
    )


class ServerProcess:
    """A server on a free port, stopped with SIGTERM.

    Args:
        model: the artifact that it serves.
        settings: name → value of the environment's `POSEWIRE_*`.

    Attributes:
        http: the address of its pages, without a slash at the end.
        stream: the address of its websocket.
    """

    def __init__(self, model: Path, **settings: object) -> None:
        # A file, because nobody empties a pipe while it runs.
        self._complaints = tempfile.TemporaryFile("a+b")
        self._process = command(
            "serve", "--port", "0", "--model", str(model), complaints=self._complaints, **settings
        )
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if found := re.search(r"ws(s?)://(\S+)/v1/stream", line):
                break
        else:
            self._process.wait(timeout=SOON_S)
            raise AssertionError(f"no address: {said}{self.log}")
        secure = found[1] or ""
        self.http = f"http{secure}://{found[2]}"
        self.stream = f"ws{secure}://{found[2]}/v1/stream"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written to stderr so far."""
        self._complaints.seek(0)
        return self._complaints.read().decode()

    def send_signal(self, number: int) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, within_s: float = SOON_S) -> None:
        """Stops it, once: it must end by itself, with status 0, and never have lost its head."""
        if self._complaints.closed:
            return
        self._process.send_signal(number)
        try:
            self._process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        complaints = self.log
        self._complaints.close()
        assert self._process.returncode == 0
        assert "Traceback" not in complaints, complaints
        assert "[error" not in complaints, complaints

    def kill(self) -> None:
        """Ends it at once, as a crash does."""
        self._process.kill()
        self._process.communicate()
        self._complaints.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
