"""A session: one client from hello to goodbye, and the end of the connection whatever happens."""

import contextlib
import logging
import secrets

from service.conversation import Conversation
from service.engine import Engine
from service.hello import check_hello, welcome
from service.protocol import FAILED, PROTOCOL, Hello, Refusal
from service.settings import Settings
from service.socket import ClientSocket, Gone

log = logging.getLogger("posewire.session")


class Session:
    """One client.

    Args:
        socket: its socket, accepted.
        engine: the model that answers it.
        settings: limits.
    """

    def __init__(self, socket: ClientSocket, engine: Engine, settings: Settings) -> None:
        self.id = secrets.token_hex(8)
        self._socket = socket
        self._engine = engine
        self._settings = settings

    async def run(self) -> None:
        """Leads the conversation to its end; nothing that a client does raises."""
        try:
            hello = await self._greet()
            conversation = Conversation(self._socket, self._engine, self._settings, hello)
            await conversation.run()
            await self._socket.close(1000)
        except Gone:
            pass
        except Refusal as refusal:
            with contextlib.suppress(Gone):
                await self._socket.refuse(refusal)
        except Exception:
            log.exception("session %s failed", self.id)
            failure = Refusal("internal", "the server failed to answer; connect again", FAILED)
            with contextlib.suppress(Gone):
                await self._socket.refuse(failure)

    async def _greet(self) -> Hello:
        try:
            hello = await self._socket.receive(self._settings.hello_s, "a client says hello")
        except Refusal as refusal:
            # Before a hello there is nothing to go on with.
            raise Refusal(refusal.code, str(refusal), refusal.close or PROTOCOL) from None
        if not isinstance(hello, Hello):
            kind = type(hello).__name__.lower()
            raise Refusal("no-hello", f"the first message is a hello, got a {kind}", PROTOCOL)
        check_hello(hello, self._engine.spec)
        await self._socket.send(welcome(self.id, self._engine.spec, hello, self._settings))
        return hello
