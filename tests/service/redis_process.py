"""A real Redis of the test's own, from Debian's package."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

REDIS = shutil.which("redis-server")


class RedisProcess:
    """A Redis on a free port, kept in memory alone.

    Args:
        place: its working directory.
    """

    def __init__(self, place: Path) -> None:
        if REDIS is None:
            pytest.skip("there is no redis-server (Debian's package redis-server)")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}/0"
        command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [*command, "--appendonly", "no", "--dir", str(place)], stdout=subprocess.DEVNULL
        )
        for _ in range(1000):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the Redis does not answer")

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()
        self._process.wait()
