"""The service as a process, on a port that it can have again after a restart."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]

STOP_S = 90
"""It stops in a second; on a busy machine in some more."""


class PageProcess:
    """A server, stopped with SIGTERM.

    Args:
        model: the artifact that it serves.
        port: to listen on; 0 is a free one.
        settings: name → value of the environment's `POSEWIRE_*`.

    Attributes:
        http: the address of the page, without a slash at the end.
    """

    def __init__(self, model: Path, port: int = 0, **settings: object) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("POSEWIRE_")}
        environment |= {f"POSEWIRE_{name.upper()}": str(value) for name, value in settings.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--model", model, "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = [self._process.stdout.readline() for _ in range(3)]
        assert said[1], "the server did not start"
        self.http = said[1].split()[-1].rstrip("/")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.http.rpartition(":")[2])

    def stop(self) -> None:
        """Stops it; nothing happens where it has stopped."""
        self._process.terminate()
        self._process.communicate(timeout=STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
