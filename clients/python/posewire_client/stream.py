"""One stream over all of its links: reads, resumes, and sends what waits for a link.

One task of its own reads the socket. How frames look on the wire is for `codec`, which frames
are kept for `outbox`, when to try again for `dialler`.
"""

import asyncio

from posewire_client.codec import Codec
from posewire_client.counts import Counts
from posewire_client.dialler import Dialler
from posewire_client.errors import LessonError, PosewireError, RefusedError
from posewire_client.inbox import Inbox
from posewire_client.lessons import Lessons
from posewire_client.link import Link
from posewire_client.messages import (
    Actions,
    Bye,
    ErrorMessage,
    Hello,
    Lesson,
    Message,
    Options,
    Taught,
    Welcome,
)
from posewire_client.outbox import Frame, NewestFrame, UnlabelledFrames
from posewire_client.reconnect import LostError, Reconnect
from posewire_client.told import Told

UNREAD_LIMIT = 4096


class Stream:
    """Frames out, messages in.

    Args:
        url: Of the server.
        hello: Begins each link; its `drop` decides whether frames may be lost.
        codec: Of the stream.
        reconnect: How long to try again.
        in_flight: With `drop: never`, how many labels may be due before `send` waits.

    Attributes:
        inbox: What has come and was not read.
        counts: What became of the frames so far.
        welcome: The server's latest, None before the first.
    """

    def __init__(
        self, url: str, hello: Hello, codec: Codec, reconnect: Reconnect, in_flight: int
    ) -> None:
        options = hello.options or Options()
        self._lossless = options.drop == "never"
        self._codec = codec
        self._dialler = Dialler(url, hello, codec, reconnect, say=self._deliver)
        self._newest = NewestFrame()
        # Where only some frames are to be answered, a missing label is no sign of being behind.
        self._unlabelled = UnlabelledFrames(
            None if options.rate_limit_hz else in_flight,
            float(options.lookahead_ms or 0),
            options.hop_ms,
        )
        self._lessons = Lessons()
        self._told = Told()
        self._progress = asyncio.Event()
        self._latest: Link | None = None
        self._link: Link | None = None  # the latest, while it can be sent on
        self._task: asyncio.Task[None] | None = None
        self._leaving = False
        self.inbox = Inbox(None if self._lossless else UNREAD_LIMIT)
        self.counts = Counts()
        self.welcome: Welcome | None = None

    async def open(self) -> None:
        """Connect, and begin to read.

        Raises:
            UnreachableError: Nobody answers.
            RefusedError: The server will not have this stream.
        """
        link, welcome = await self._dialler.dial()
        await self._catch_up(link, self._take_up(link, welcome))
        self._task = asyncio.create_task(self._run(link), name="posewire-stream")

    async def send(self, frame: Frame) -> None:
        """Send a frame, or keep it where there is no link.

        Raises:
            PosewireError: The stream has ended, in failure or after `bye`, or was never open.
        """
        self._check_open()
        if self._lossless:
            await self._send_without_loss(frame)
        else:
            await self._send_live(frame)

    async def ask(self, lesson: Lesson) -> Taught:
        """Have an action taught or forgotten, once there is a link, and wait for the answer.

        Raises:
            LessonError: The server did not do it, or the link was lost before it answered.
            PosewireError: The stream has ended, or was never open.
        """
        self._check_open()
        while self._link is None:
            await self._wait_for_progress()
            self._check_open()
        payload = self._codec.encode(lesson)
        answer = self._lessons.expect()
        try:
            # Where this fails the link is lost, and so is the answer.
            await self._link.send(payload)
            return await answer
        finally:
            answer.cancel()

    async def bye(self) -> None:
        """Say `bye` and wait until the server has closed the stream.

        Raises:
            PosewireError: The stream failed before its end, or was never open.
        """
        if self._task is None:
            raise PosewireError("the stream was never open")
        self._leaving = True
        if self._link is not None:
            await self._link.send(self._codec.encode(Bye()))
        elif not self._pending():
            await self.close()
        while not self.inbox.ended:
            await self._wait_for_progress()
        if self.inbox.failure is not None:
            raise self.inbox.failure

    async def close(self) -> None:
        """End at once; nothing happens where that is done already."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            # A task that is cancelled before its first step does not even clean up.
            await self._end(None)

    async def _send_live(self, frame: Frame) -> None:
        while self._link is not None:
            link = self._link
            if await link.send(frame.payload):
                self.counts.frames_sent += 1
                return
            if self._link is link:
                self._link = None
        self._newest.keep(frame)
        self.counts.dropped_by_client = self._newest.superseded

    async def _send_without_loss(self, frame: Frame) -> None:
        while self._link is None or self._unlabelled.full():
            self._check_open()
            await self._wait_for_progress()
        self._unlabelled.add(frame)
        self.counts.frames_sent += 1
        # Where this fails the link is lost, and the next one begins with what is unlabelled.
        await self._link.send(frame.payload)

    def _check_open(self) -> None:
        if self.inbox.failure is not None:
            raise self.inbox.failure
        if self.inbox.ended or self._leaving or self._task is None:
            raise PosewireError("the stream is not open: frames go between connecting and bye")

    async def _run(self, link: Link) -> None:
        """Read, over all losses, until the stream has ended for good."""
        failure: PosewireError | None = None
        try:
            lost = await self._read(link)
            while lost is not None:
                self._let_go()
                if self._leaving and not self._pending():
                    return
                link, welcome = await self._dialler.redial(lost)
                self.counts.reconnects += 1
                lost = await self._go_on(link, welcome)
            if not self._leaving:
                raise RefusedError("the server ended the stream, though the client said no bye")
        except PosewireError as error:
            failure = error
        except Exception as error:
            failure = PosewireError(f"the stream failed: {error}")
            raise
        finally:
            await self._end(failure)

    async def _end(self, failure: PosewireError | None) -> None:
        self._let_go()
        if not self.inbox.ended:
            self.inbox.end(failure)
        self._progress.set()
        if self._latest is not None:
            await self._latest.close()

    async def _read(self, link: Link) -> LostError | None:
        """Deliver messages until the normal end, or the loss that is returned."""
        try:
            while (message := await link.receive()) is not None:
                if not (self._lessons.take(message) or self._told.again(message)):
                    self._account(message)
                    self._deliver(message)
        except LostError as lost:
            return lost
        return None

    async def _go_on(self, link: Link, welcome: Welcome) -> LostError | None:
        """Send what waits for a new link and read from it meanwhile; neither end waits so."""
        catching_up = asyncio.create_task(self._catch_up(link, self._take_up(link, welcome)))
        try:
            return await self._read(link)
        finally:
            catching_up.cancel()
            await asyncio.gather(catching_up, return_exceptions=True)

    def _take_up(self, link: Link, welcome: Welcome) -> tuple[Frame, ...]:
        """Begin or resume a session, and give the frames that it is to be sent again."""
        self._latest = link
        self.welcome = welcome
        self.counts.take(welcome)
        self._deliver(welcome)
        return self._unlabelled.serve(welcome.model, welcome.seen_ms if welcome.resumed else None)

    async def _catch_up(self, link: Link, frames: tuple[Frame, ...]) -> None:
        """Send what waits for the link, then let new frames in."""
        for frame in frames:
            await link.send(frame.payload)
        while (newest := self._newest.take()) is not None:
            if not await self._send_newest(link, newest):
                return
        if self._leaving:
            await link.send(self._codec.encode(Bye()))
        self._link = link
        self._progress.set()

    async def _send_newest(self, link: Link, frame: Frame) -> bool:
        """Send what was kept; where the link is lost, or not waited for, it is kept again."""
        sent = False
        try:
            sent = await link.send(frame.payload)
        finally:
            if sent:
                self.counts.frames_sent += 1
            else:
                self._newest.give_back(frame)
                self.counts.dropped_by_client = self._newest.superseded
        return sent

    def _let_go(self) -> None:
        """Send no more on a link that is lost, or at the end."""
        self._link = None
        self._lessons.lose(
            LessonError(
                "the connection was lost before the server said whether it had learnt or "
                "forgotten; the next welcome's `taught` says what it knows"
            )
        )

    def _account(self, message: Message) -> None:
        self.counts.take(message)
        if isinstance(message, Actions):
            self._unlabelled.settle(message.t_ms)
            self._dialler.proved()
        elif isinstance(message, ErrorMessage):
            self._unlabelled.refuse()
        self._progress.set()

    def _deliver(self, message: Message) -> None:
        if not self.inbox.put(message):
            self.counts.unread += 1

    def _pending(self) -> bool:
        """Whether anything is left to be sent, or sent again."""
        return bool(self._unlabelled or self._newest)

    async def _wait_for_progress(self) -> None:
        self._progress.clear()
        await self._progress.wait()
