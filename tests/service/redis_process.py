"""A real Redis of the test's own, from Debian's package."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import redis

REDIS = shutil.which("redis-server")


class RedisProcess:
    """A Redis on a free port, kept in memory alone.

    Args:
        place: its working directory.
    """

    def __init__(self, place: Path) -> None:
        if REDIS is None:
            pytest.skip("there is no redis-server (Debian's package redis-server)")
        for _ in range(5):
            # Somebody else may take the port before Redis does; then it ends at once.
            with socket.create_server(("127.0.0.1", 0)) as taken:
                port = taken.getsockname()[1]
            self.url = f"redis://127.0.0.1:{port}/0"
            command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
            self._process = subprocess.Popen(
                [*command, "--appendonly", "no", "--dir", str(place)], stdout=subprocess.DEVNULL
            )
            if self._answers():
                return
        raise AssertionError("the Redis does not answer")

    def _answers(self) -> bool:
        """Waits until it does, or has ended."""
        for _ in range(1000):
            if self._process.poll() is not None:
                return False
            try:
                with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                    return bool(client.ping())
            except redis.RedisError:
                time.sleep(0.05)
        return False

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()
        self._process.wait()
