"""The conversation: what follows the welcome, frames in and answers out, side by side.

What a frame means is `service.intake`'s, what is said of it `service.answering`'s.
"""

import asyncio
from collections.abc import Awaitable, Callable

from service.answering import Answering
from service.intake import PictureIntake, PoseIntake
from service.labelling import Labelling
from service.lessons import Lessons
from service.metrics import Metrics
from service.pace import Pace
from service.pose_stream import PoseStream
from service.pose_worker import Seen
from service.protocol import Bye, ClientMessage, Forget, Hello, Image, Pose, Refusal, Teach
from service.recorder import Recorder
from service.socket import ClientSocket, Gone

RUN_ENDS_S = 5.0
"""How long a lost session waits for the run in flight, so that it can go on after it."""


class Conversation:
    """One client's frames and the answers to them.

    Args:
        socket: the client's socket.
        hello: what it declared, checked.
        labelling: the frames, and what is said of them.
        intake: takes its frames in.
        answering: answers them.
        lessons: what it teaches.
        metrics: where what happens to frames is counted.
        pace: looks at how often they come.
        recorder: keeps the frames, where that is asked for.
        poses: looks at its pictures, where it sends any.

    Attributes:
        whole: whether no run was broken off, so that the session can go on elsewhere.
    """

    def __init__(
        self,
        socket: ClientSocket,
        hello: Hello,
        labelling: Labelling,
        intake: PoseIntake | PictureIntake,
        answering: Answering,
        lessons: Lessons,
        metrics: Metrics,
        pace: Pace,
        recorder: Recorder | None = None,
        poses: PoseStream | None = None,
    ) -> None:
        self._socket = socket
        self._drops = hello.options.drop == "oldest"
        self._labelling = labelling
        self._intake = intake
        self._answering = answering
        self._lessons = lessons
        self._metrics = metrics
        self._pace = pace
        self._recorder = recorder
        self._poses = poses
        self._loop = asyncio.get_running_loop()
        self.whole = True

    async def listen(self, heard: Callable[[], Awaitable[None]]) -> None:
        """Answers frames until the client says bye or the server stops.

        Afterwards nothing is due, and nobody answers any more. Where this raises, the run in
        flight, if there was one, has ended.

        Args:
            heard: is called with every message that comes.

        Raises:
            Gone: the client went without a bye.
            Refusal: the client did what ends the connection, or its pictures cannot be looked at.
        """
        answering = asyncio.create_task(self._answering.run())
        hearing = asyncio.create_task(self._hear(heard))
        try:
            await asyncio.wait((answering, hearing), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
            await hearing
            await self._answering.settled()
            if answering.done():
                await answering
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            self.whole = await self._let_run_end(answering)
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _let_run_end(self, answering: asyncio.Task[None]) -> bool:
        """Ends the answering between two runs; returns whether the run in flight ended in time."""
        try:
            async with asyncio.timeout(RUN_ENDS_S), self._answering.between_runs():
                answering.cancel()
        except TimeoutError:
            return False
        return True

    async def _hear(self, heard: Callable[[], Awaitable[None]]) -> None:
        """Reads messages, and looks at pictures beside that, until no more come."""
        if self._poses is None or not isinstance(self._intake, PictureIntake):
            await self._read(heard)
            return
        reading = asyncio.create_task(self._read(heard))
        looking = asyncio.create_task(self._look(self._poses, self._intake))
        try:
            await asyncio.wait((reading, looking), return_when=asyncio.FIRST_COMPLETED)
            if looking.done():
                await looking
            await reading
            self._poses.finish()
            await looking
        finally:
            for task in (reading, looking):
                task.cancel()
            await asyncio.gather(reading, looking, return_exceptions=True)

    async def _read(self, heard: Callable[[], Awaitable[None]]) -> None:
        """Takes messages in until the client says bye or the server stops."""
        async for message in self._socket.messages():
            await heard()
            if isinstance(message, Bye):
                return
            try:
                await self._take(message)
            except Refusal as refusal:
                await self._socket.refuse(refusal)
        if not self._socket.draining:
            raise Gone

    async def _take(self, message: ClientMessage) -> None:
        match message, self._intake:
            case Pose(), PoseIntake():
                await self._take_pose(message, self._intake)
            case Image(), PictureIntake():
                await self._offer(message, self._intake)
            case Pose(), _:
                raise Refusal("wrong-frame", "the hello announced images, this is a pose")
            case Image(), _:
                raise Refusal("wrong-frame", "the hello announced keypoints, this is an image")
            case Teach(), _:
                # What came before is known by then, as far as it is due.
                await self._answering.settled()
                await self._socket.send(await self._lessons.teach(message))
            case Forget(), _:
                await self._socket.send(await self._lessons.forget(message))
            case Hello(), _:
                raise Refusal("second-hello", "a client says hello once, this is the second")

    async def _take_pose(self, pose: Pose, intake: PoseIntake) -> None:
        taken = intake.take(pose)
        if taken.notice is not None:
            await self._socket.send(taken.notice)
        if self._recorder is not None:
            await self._recorder.take(pose)
        await self._pushed(pose.t_ms, taken.wanted, self._loop.time())

    async def _offer(self, image: Image, intake: PictureIntake) -> None:
        dropped = self._labelling.dropped
        notice = intake.offer(image, self._loop.time())
        self._metrics.dropped("slow-pose", self._labelling.dropped - dropped)
        if notice is not None:
            await self._socket.send(notice)
        if not self._drops and self._poses is not None:
            await self._poses.settled()

    async def _look(self, poses: PoseStream, intake: PictureIntake) -> None:
        """Takes in what is seen in pictures, until the last of them."""
        async for outcome in poses:
            if isinstance(outcome, Seen):
                picture = intake.see(outcome)
                await self._socket.send(picture.pose)
                await self._pushed(outcome.t_ms, picture.wanted, picture.came_s)
            else:
                intake.passed(outcome.t_ms)
                await self._socket.refuse(Refusal(outcome.code, outcome.reason))

    async def _pushed(self, t_ms: float, wanted: bool, came_s: float) -> None:
        """Has a frame answered that was taken in, and those whose time has come with it."""
        notice = self._pace.frame(t_ms)
        if notice is not None:
            await self._socket.send(notice)
        if wanted:
            self._answering.frame_came(t_ms, came_s)
        else:
            self._metrics.dropped("rate")
        self._answering.wake()
        if not self._drops or self._answering.overfull:
            await self._answering.settled()
