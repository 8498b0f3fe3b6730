"""Resume: tokens open what they name once, for a while; what keeps it may go."""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.protocol import Hello, Options
from service.resume import LARGEST_STATE_BYTES, MemoryKeeper, Resumes, new_token
from service.resume_redis import RedisKeeper
from service.session_state import freeze, session_state
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body
from tests.service.labelled import labelling_of, play, push
from tests.service.redis_process import RedisProcess

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_token_opens_what_it_names_once() -> None:
    """The second to come with it finds nothing; nor does one with another token."""
    keeper = MemoryKeeper(keep_s=30)
    assert await keeper.keep("a", b"state")
    assert await keeper.take("b") is None
    assert [await keeper.take("a"), await keeper.take("a")] == [b"state", None]
    assert len({new_token() for _ in range(1000)}) == 1000
    assert len(new_token()) >= 43


async def test_what_is_kept_is_bounded_in_time_number_and_bytes() -> None:
    """After its time a state is gone; where there are too many the oldest goes."""
    clock = Clock()
    keeper = MemoryKeeper(30, most=3, most_bytes=100, clock=clock)
    for name in "abcd":
        assert await keeper.keep(name, b"x" * 20)
    assert await keeper.take("a") is None
    assert await keeper.keep("e", b"x" * 70)
    assert (len(keeper), keeper.bytes) == (2, 90)
    assert await keeper.take("d") == b"x" * 20
    assert not await keeper.keep("f", b"x" * 101)
    clock.now_s = 30
    assert await keeper.take("e") is None
    assert (len(keeper), keeper.bytes) == (0, 0)
    assert not await MemoryKeeper(0).keep("a", b"state")
    assert not await MemoryKeeper(30).keep("a", bytes(LARGEST_STATE_BYTES + 1))


async def test_a_session_that_still_holds_a_socket_is_handed_over() -> None:
    """A client is back before its old socket is found dead: the session ends there, once."""
    resumes = Resumes(MemoryKeeper(30))
    asked = []

    async def hand_over() -> bytes:
        asked.append(1)
        await asyncio.sleep(0)
        return b"living"

    resumes.lives("t", hand_over)
    first, second = await asyncio.gather(resumes.take("t"), resumes.take("t"))
    assert (first, second) == (b"living", None)
    await resumes.lost("t", b"what the old socket's session kept")
    assert await resumes.take("t") is None
    assert asked == [1]
    resumes.lives("u", hand_over)
    await resumes.lost("u", b"lost")
    assert await resumes.take("u") == b"lost"
    resumes.lives("v", hand_over)
    await resumes.ended("v")
    assert await resumes.take("v") is None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A real Redis."""
    process = RedisProcess(tmp_path)
    yield process
    process.kill()


TAKE = """
import asyncio, sys
from service.resume_redis import RedisKeeper
async def main():
    keeper = RedisKeeper(sys.argv[1], 30)
    print((await keeper.take("t")).hex(), await keeper.take("t"))
    await keeper.close()
asyncio.run(main())
"""


async def test_another_process_takes_what_this_one_kept(
    redis: RedisProcess,
) -> None:
    """Through Redis a state reaches another process, byte for byte, once; and it ends in time."""
    url = redis.url
    keeper = RedisKeeper(url, keep_s=30)
    state = bytes(range(256)) * 100
    assert await keeper.keep("t", b"older")
    assert await keeper.keep("t", state)
    command = [sys.executable, "-c", TAKE, url]
    taken = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert taken.stdout.split() == [state.hex(), "None"], taken.stderr
    assert await keeper.take("t") is None
    await keeper.close()
    brief = RedisKeeper(url, keep_s=0.05)
    assert await brief.keep("t", state)
    await asyncio.sleep(0.1)
    assert await brief.take("t") is None
    assert not await RedisKeeper(url, keep_s=0).keep("t", state)
    await brief.close()


GO_ON = """
import asyncio, sys
from service.protocol import Hello, Options
from service.resume_redis import RedisKeeper
from service.session_state import thaw
from tests.service.artifacts import KINECT
from tests.service.bodies import STEP_MS, body
from tests.service.labelled import labelling_of, play
async def main():
    keeper = RedisKeeper(sys.argv[1], 30)
    state = thaw(await keeper.take("t"), Hello(1, "kinect20", "metres"), KINECT)
    labelling = labelling_of(KINECT, Options())
    labelling.restore(state.labelling)
    rest = [(n * STEP_MS, {1: body(KINECT, left=n / 90)}) for n in range(40, 60)]
    print(play(labelling, rest))
    await keeper.close()
asyncio.run(main())
"""


async def test_a_session_goes_on_in_another_process(
    redis: RedisProcess,
) -> None:
    """Half of a stream here, half there, through Redis: the same answers and events as whole."""
    url = redis.url
    options = Options()
    frames = [(n * STEP_MS, {1: body(KINECT, left=n / 90)}) for n in range(60)]
    whole, cut = labelling_of(options=options), labelling_of(options=options)
    for each in frames[:40]:
        push(whole, each)
        push(cut, each)
    hello = Hello(1, "kinect20", "metres", options=options)
    keeper = RedisKeeper(url, keep_s=30)
    assert await keeper.keep("t", freeze(session_state(hello, KINECT, "a1", cut.state())))
    await keeper.close()
    gone_on = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", GO_ON, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert gone_on.stdout.strip() == repr(play(whole, frames[40:])), gone_on.stderr


async def test_a_redis_that_is_gone_costs_nothing_but_resuming(
    redis: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is raised, nothing waits long, and the log says it once."""
    url = redis.url
    keeper = RedisKeeper(url, keep_s=30)
    assert await keeper.keep("t", b"state")
    redis.kill()
    begun_s = time.monotonic()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert not await keeper.keep("t", b"state")
        assert await keeper.take("t") is None
    assert time.monotonic() - begun_s < 5
    assert len(caplog.records) == 1
    assert "Redis does not answer" in caplog.text
    await keeper.close()
