"""A server as a person starts it: a process, its printed address, a signal at the end."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str, **settings: object) -> subprocess.Popen[str]:
    """Starts `python -m service …` with settings of its own, whatever the environment has."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("POSEWIRE_")}
    environment |= {f"POSEWIRE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "service", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
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
        self._process = command("serve", "--port", "0", "--model", str(model), **settings)
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if found := re.search(r"ws://(\S+)/v1/stream", line):
                break
        else:
            raise AssertionError(f"no address: {said}{self._process.communicate()[1]}")
        self.http = f"http://{found[1]}"
        self.stream = f"ws://{found[1]}/v1/stream"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def stop(self, number: int = signal.SIGTERM, within_s: float = 10) -> None:
        """Stops it, once: it must end by itself, with status 0, and never have lost its head."""
        if self._process.stderr is None or self._process.stderr.closed:
            return
        self._process.send_signal(number)
        try:
            _, complaints = self._process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        assert self._process.returncode == 0
        assert "Traceback" not in complaints, complaints
        assert "ERROR" not in complaints, complaints

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
