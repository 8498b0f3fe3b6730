"""The real service on one port, stopped or killed, and started again."""

import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.patience import SOON_S
from tests.service.process import command


class RestartingService:
    """A service whose address outlives its processes.

    Args:
        model: The artifact that it serves.
        settings: Name → value of the environment's `POSEWIRE_*`.
    """

    def __init__(self, model: Path, **settings: object) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/v1/stream"
        self._arguments = ("serve", "--port", str(port), "--model", str(model))
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end(signal.SIGTERM)

    def start(self) -> None:
        """Starts a process, and waits until it listens."""
        with tempfile.TemporaryFile() as complaints:
            self._process = command(*self._arguments, complaints=complaints, **self._settings)
        assert self._process.stdout is not None
        assert any("/v1/stream" in line for line in self._process.stdout)

    def end(self, number: signal.Signals) -> None:
        """Ends the process with a signal, and waits for that."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.communicate(timeout=SOON_S)

    def restart(self, number: signal.Signals) -> None:
        """Ends the process with a signal, and starts another."""
        self.end(number)
        self.start()
