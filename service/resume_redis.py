"""Resume in Redis: lost sessions are kept where other processes of the service find them.

Redis is asked and never relied on: where it is gone or slow, sessions are not resumed and the
streams go on. That is logged when it begins and when it ends, not for each session.
"""

import hashlib
import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

from service.resume import LARGEST_STATE_BYTES

log = logging.getLogger("posewire.resume")

PATIENCE_S = 1.0
"""An answer that takes longer is none."""


class RedisKeeper:
    """Keeps states in Redis, which ends them by itself.

    Args:
        url: of the Redis, redis:// or rediss://.
        keep_s: how long a state is kept; 0 keeps nothing.

    Raises:
        ValueError: the URL is not of a Redis.
    """

    outlives_process = True

    def __init__(self, url: str, keep_s: float) -> None:
        self._keep_ms = round(keep_s * 1000)
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
        )
        self._gone = False

    async def keep(self, token: str, state: bytes) -> bool:
        """Keeps a state; false where it is too large or Redis does not answer."""
        if not self._keep_ms or len(state) > LARGEST_STATE_BYTES:
            return False
        try:
            await self._redis.set(_key(token), state, px=self._keep_ms)
        except (RedisError, OSError) as error:
            self._failed(error)
            return False
        self._answered()
        return True

    async def take(self, token: str) -> bytes | None:
        """Returns what is kept and forgets it; None where there is nothing or no answer."""
        try:
            state = await self._redis.getdel(_key(token))
        except (RedisError, OSError) as error:
            self._failed(error)
            return None
        self._answered()
        return state if isinstance(state, bytes) else None

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose()

    def _failed(self, error: Exception) -> None:
        if not self._gone:
            log.warning("Redis does not answer, so that no session is resumed: %s", error)
        self._gone = True

    def _answered(self) -> None:
        if self._gone:
            log.warning("Redis answers again")
        self._gone = False


def _key(token: str) -> str:
    """Who can list the keys of a Redis learns no token from them."""
    return f"posewire:resume:{hashlib.sha256(token.encode()).hexdigest()}"
