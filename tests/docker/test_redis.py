"""A real Redis with the words of docker-compose.yml keeps lost sessions, in memory alone."""

import asyncio
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis
from redis.exceptions import ConnectionError as NotYet

from service.resume_redis import RedisKeeper
from tests.docker.dockerfile import ROOT

REDIS = shutil.which("redis-server")
STOP_S = 20


def answering(port: int) -> Redis:
    """The Redis on that port, once it answers."""
    client = Redis(port=port)
    for _ in range(100):
        try:
            client.ping()
        except NotYet:
            time.sleep(0.05)
        else:
            return client
    raise AssertionError("the Redis does not answer")


async def lose_sessions(port: int) -> None:
    """As the service does: one session is taken up again, and one never is."""
    keeper = RedisKeeper(f"redis://127.0.0.1:{port}/0", keep_s=60)
    assert await keeper.keep("a-token", b"a state")
    assert [await keeper.take("a-token"), await keeper.take("a-token")] == [b"a state", None]
    assert await keeper.keep("another", b"a state")
    await keeper.close()


@pytest.mark.skipif(REDIS is None, reason="Redis is not installed")
def test_redis_keeps_sessions_and_writes_nothing(tmp_path: Path) -> None:
    """What the service keeps comes back once; when Redis ends, its folder is empty."""
    service: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    program, *words = service["redis"]["command"]
    assert program == "redis-server"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    here = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    process = subprocess.Popen([str(REDIS), *words, *here], stdout=subprocess.DEVNULL)
    try:
        with answering(port) as client:
            found: Any = client.config_get("maxmemory*")
        assert (found["maxmemory"], found["maxmemory-policy"]) == (str(512 << 20), "allkeys-lru")
        asyncio.run(lose_sessions(port))
    finally:
        process.terminate()
        process.wait(timeout=STOP_S)
    assert process.returncode == 0
    assert not list(tmp_path.iterdir())
