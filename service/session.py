"""A session: one client from hello to goodbye, and the end of the connection whatever happens."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterator
from functools import partial

from starlette.websockets import WebSocket

from service.access import bearer
from service.admission import STOPPING, Place
from service.answering import Answering
from service.conversation import Conversation
from service.hello import Resumable, welcome
from service.lessons import Lessons
from service.lifeline import Lifeline
from service.logs import logger
from service.metrics import State
from service.opening import Begun, begin
from service.pace import Pace
from service.protocol import FAILED, PROTOCOL, RESTART, Hello, Refusal
from service.recorder import Recorder
from service.session_state import freeze, session_state
from service.shared import Shared
from service.socket import ClientSocket, Gone
from service.taught import model_of, packed
from service.tracing import NO_TRACE, Trace

log = logger("posewire.session")

DONE = 1000


class Session:
    """One client.

    Args:
        websocket: its websocket, accepted.
        shared: what it shares with the others.
    """

    def __init__(self, websocket: WebSocket, shared: Shared) -> None:
        self.id = secrets.token_hex(8)
        self._headers = websocket.headers
        self._socket = ClientSocket(websocket, shared.settings, shared.metrics)
        self._shared = shared
        # Never what a client sent, only what it declared: keypoints and pictures are nobody's.
        self._log = log.bind(session=self.id)
        self._trace: Trace = NO_TRACE
        self._released = asyncio.Event()

    async def run(self) -> None:
        """Leads the conversation to its end; nothing that a client does raises."""
        begun_s = time.monotonic()
        code = FAILED
        try:
            code = await self._lead()
        finally:
            await self._socket.release()
            self._shared.metrics.session_ended(code)
            self._trace.ended(code, self._socket.received, self._socket.sent, self._socket.dropped)
            self._log.info(
                "session ended",
                code=code,
                received=self._socket.received,
                sent=self._socket.sent,
                dropped=self._socket.dropped,
                seconds=round(time.monotonic() - begun_s, 3),
            )

    async def _lead(self) -> int:
        """Returns the code that the connection ends with."""
        try:
            with self._shared.admission.place(self._socket.drain) as place:
                await self._converse(place)
            code, reason = (RESTART, STOPPING) if self._socket.draining else (DONE, "")
            await self._socket.close(code, reason)
            return code
        except Gone:
            return self._socket.code
        except Refusal as refusal:
            return await self._end(refusal)
        except Exception:
            self._log.exception("session failed")
            return await self._end(
                Refusal("internal", "the server failed to answer; connect again", FAILED)
            )

    async def _converse(self, place: Place) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._released.set)
            with self._counted("greeting"):
                hello, holder = await self._greet()
                begun = await begin(hello, self._shared, stack, partial(place.claim, holder))
            if begun.kept is not None:
                self.id = begun.kept.session
            self._log = self._log.bind(session=self.id)
            self._log.info(
                "session began",
                holder=place.holder,
                layout=hello.layout,
                resumed=begun.kept is not None,
            )
            self._trace = self._shared.tracing.session(
                self.id,
                begun.model.name,
                begun.model.providers[0],
                hello.layout,
                begun.kept is not None,
            )
            with self._counted("streaming"), self._shared.teaches(begun.labelling.teaching):
                await self._stream(begun, stack)

    async def _stream(self, begun: Begun, stack: contextlib.AsyncExitStack) -> None:
        """Leads a session that has begun, from its welcome to its last label."""
        shared, hello, kept = self._shared, begun.hello, begun.kept
        spec, teaching = begun.model.spec, begun.labelling.teaching
        self._socket.suit(hello, begun.model.name, 0 if kept is None else kept.passed_over)
        answering = Answering(
            self._socket,
            begun.model,
            begun.labelling,
            shared.metrics,
            () if kept is None else kept.unsent,
            self._trace,
        )
        conversation = Conversation(
            self._socket,
            hello,
            begun.labelling,
            begun.intake,
            answering,
            Lessons(teaching, shared.taught, hello.taught, model_of(spec)),
            shared.metrics,
            Pace(spec.window),
            await self._recorder(begun, stack),
            begun.poses,
        )

        async def frozen() -> bytes | None:
            if not conversation.whole:
                return None
            async with answering.between_runs():
                return freeze(
                    session_state(
                        hello,
                        spec,
                        self.id,
                        begun.labelling.state(),
                        # What a named set holds is in the store.
                        packed(teaching.actions) if hello.taught is None else (),
                        answering.unsent,
                        begun.intake.state(),
                        self._socket.dropped,
                        shared.resumes.server,
                    )
                )

        passed_on = False
        former = None if kept is None else hello.resume
        async with Lifeline(
            shared.resumes, former, frozen, self._socket.leave, self._released
        ) as lifeline:
            token = lifeline.token if shared.settings.resume_s else None
            seen_ms = None if kept is None else begun.labelling.newest_ms
            resumable = Resumable(token, kept is not None, seen_ms)
            taught = tuple(teaching.actions)
            await self._socket.send(
                welcome(self.id, spec, hello, shared.settings, resumable, taught)
            )
            if begun.notice is not None:
                await self._socket.send(begun.notice)
            await conversation.listen(lifeline.heard)
            if self._socket.draining:
                await self._socket.flush()
                passed_on = await lifeline.pass_on()
        if not passed_on:
            await answering.finish()

    async def _recorder(self, begun: Begun, stack: contextlib.AsyncExitStack) -> Recorder | None:
        """Returns what records a session, where that is asked for and it sends keypoints."""
        directory = self._shared.settings.record
        if directory is None or begun.poses is not None:
            return None
        # What was resumed is a recording of its own: its times go on from those of the first.
        name = self.id if begun.kept is None else f"{self.id}-{secrets.token_hex(4)}"
        return await stack.enter_async_context(Recorder(directory, name, begun.hello))

    async def _greet(self) -> tuple[Hello, str]:
        """Returns the hello of a client that may stream, and whose token it has."""
        headers, access = self._headers, self._shared.access
        access.check_origin(headers.get("origin"), headers.get("host"))
        token = bearer(headers.get("authorization"))
        holder = None if token is None else access.streamer(token)
        try:
            hello = await self._socket.receive(self._shared.settings.hello_s, "a client says hello")
        except Refusal as refusal:
            # Before a hello there is nothing to go on with.
            raise Refusal(refusal.code, str(refusal), refusal.close or PROTOCOL) from None
        if not isinstance(hello, Hello):
            kind = type(hello).__name__.lower()
            raise Refusal("no-hello", f"the first message is a hello, got a {kind}", PROTOCOL)
        return hello, access.streamer(hello.token) if holder is None else holder

    async def _end(self, refusal: Refusal) -> int:
        self._log.info("client refused", reason=refusal.code)
        with contextlib.suppress(Gone):
            await self._socket.refuse(refusal)
        return refusal.close or self._socket.code

    @contextlib.contextmanager
    def _counted(self, state: State) -> Iterator[None]:
        self._shared.metrics.session_entered(state)
        try:
            yield
        finally:
            self._shared.metrics.session_left(state)
