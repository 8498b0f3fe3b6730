"""One connection of the fake server: it speaks the wire, version 1, and suffers what is ordered.

What it calls a label is a sum over the keypoints, so that a test can tell every frame apart.
"""

import asyncio
import struct
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection

from tests.clients.fake_lessons import FakeLessons
from tests.clients.fake_memory import Kept
from tests.clients.fake_rules import Fault, Rules, Session

WARMING_FRAMES = 3
LAYOUTS = {"coco17": 17, "kinect20": 20, "blazepose33": 33, "image": 0}


def label_of(keypoints: list[list[float]]) -> tuple[str, float]:
    """What this server says of one person: a function of x and y, as float32."""
    total = sum(struct.unpack("<f", struct.pack("<f", row[0] + row[1]))[0] for row in keypoints)
    return ("wave" if total % 2 < 1 else "sit"), round(total / 97 % 1, 5)


class Conversation:
    """One connection's lifecycle."""

    def __init__(self, socket: ServerConnection, rules: Rules, fault: Fault | None) -> None:
        self._socket = socket
        self._rules = rules
        self._timing = rules.timing
        self._fault = fault
        self._waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._left = False
        self._dropped = 0
        self._restore(Kept())

    async def hold(self) -> None:
        data = await self._socket.recv()
        hello = _decode(data)
        self.session = Session(hello, isinstance(data, bytes))
        self._rules.sessions.append(self.session)
        if refusal := self._refusal(hello):
            await self._suffer(refusal)
            return
        if self._fault and self._fault.with_welcome:
            self._leave_with_welcome(self._fault)
            return
        if self._fault and self._fault.after_poses == 0 and not self._fault.at_lesson:
            await self._suffer(self._fault)
            return
        await self._greet(hello.get("resume"))
        for message in self._rules.extra:
            await self._send(message)
        labeller = asyncio.create_task(self._label_all())
        try:
            await self._read(labeller)
        finally:
            labeller.cancel()
            await asyncio.gather(labeller, return_exceptions=True)
            if self._rules.memory and not self._left:
                self._rules.memory.lose(self._token, self._state())

    async def _greet(self, token: str | None) -> None:
        """Says welcome, and goes on with a lost session where it can."""
        memory = self._rules.memory
        kept = memory.take(token) if memory and token else None
        self._token = f"token-{len(self._rules.sessions)}"
        await self._send(self._welcome(kept))
        if kept is not None:
            self._restore(kept)
        elif token is not None:
            text = "no session is kept under this token; the stream begins anew"
            await self._send({"type": "notice", "code": "not-resumed", "message": text})

    def _restore(self, kept: Kept) -> None:
        self._frames, self._labels, self._seen_ms = kept.frames, kept.labels, kept.seen_ms
        self._pending = list(kept.pending)
        self._event_label = kept.event_label
        self._lessons = FakeLessons(kept.taught)

    def _state(self) -> Kept:
        return Kept(
            self._seen_ms,
            self._frames,
            self._labels,
            tuple(self._pending),
            self._event_label,
            self._lessons.taught,
        )

    def _refusal(self, hello: dict[str, Any]) -> Fault | None:
        if hello.get("type") != "hello" or hello.get("version") != 1:
            return Fault(code=4400, error=("protocol", "the first message must be hello"))
        if self._rules.token not in (None, hello.get("token")):
            return Fault(code=1008, error=("token", "the token is not admitted"))
        if hello["layout"] not in LAYOUTS:
            return Fault(code=4400, error=("layout", f"unknown layout {hello['layout']}"))
        return None

    async def _suffer(self, fault: Fault) -> None:
        if fault.error:
            code, message = fault.error
            await self._send({"type": "error", "code": code, "message": message, "fatal": True})
        if fault.hangs:
            await self._socket.wait_closed()
        elif fault.code is None:
            self._socket.transport.abort()
        else:
            await self._socket.close(fault.code, fault.reason)

    def _leave_with_welcome(self, fault: Fault) -> None:
        """Says welcome and closes in one piece, so that the client reads both before it sends."""
        protocol = self._socket.protocol
        protocol.send_binary(msgspec.msgpack.encode(self._welcome(None)))
        protocol.send_close(fault.code, fault.reason)
        self._socket.transport.write(b"".join(protocol.data_to_send()))

    async def _read(self, labeller: asyncio.Task[None]) -> None:
        async for data in self._socket:
            message = _decode(data)
            if message["type"] in ("teach", "forget"):
                self.session.lessons.append(message)
                if self._fault and self._fault.at_lesson:
                    await self._suffer(self._fault)
                    return
                await self._send(self._lessons.answer(message))
                continue
            if message["type"] == "bye":
                self._left = True
                await self._waiting.put(None)
                await labeller
                await self._socket.close(1000)
                return
            if message["type"] == "image":
                message = await self._look(message)
            self.session.poses.append(message)
            self.session.came_at_s.append(asyncio.get_running_loop().time())
            if self._fault and len(self.session.poses) == self._fault.after_poses:
                await self._suffer(self._fault)
                return
            if await self._valid(message):
                await self._let_in(message)
                if self._rules.memory:
                    self._rules.memory.save(self._token, self._state())
            if labeller.done():
                return

    async def _look(self, image: dict[str, Any]) -> dict[str, Any]:
        """Finds nobody in a picture, and says so."""
        self.session.images.append(image)
        seen = {"type": "pose", "t_ms": image["t_ms"], "people": []}
        await self._send(seen)
        return seen

    async def _valid(self, pose: dict[str, Any]) -> bool:
        joints = LAYOUTS[self.session.hello["layout"]]
        for person in pose["people"]:
            found = len(_rows(person["keypoints"], self.session.hello))
            if found != joints:
                text = f"expected {joints} keypoints, found {found}"
                await self._send(
                    {"type": "error", "code": "keypoints", "message": text, "fatal": False}
                )
                return False
        return True

    async def _let_in(self, pose: dict[str, Any]) -> None:
        if (self.session.hello.get("options") or {}).get("drop") == "never":
            await self._waiting.put(pose)
            await self._waiting.join()
            return
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
            self._dropped += 1
        await self._waiting.put(pose)

    async def _label_all(self) -> None:
        while (pose := await self._waiting.get()) is not None:
            try:
                await self._see(pose)
            finally:
                self._waiting.task_done()
        await self._label_until(float("inf"))

    async def _see(self, pose: dict[str, Any]) -> None:
        await asyncio.sleep(self._timing.label_s)
        self._frames += 1
        self._seen_ms = pose["t_ms"]
        if self._frames % self._timing.answer_every == 0:
            self._pending.append(pose)
        if self._frames % self._timing.hop_frames == 0:
            await self._label_until(pose["t_ms"] - self._timing.lookahead_ms)

    async def _label_until(self, t_ms: float) -> None:
        while self._pending and self._pending[0]["t_ms"] <= t_ms:
            await self._label(self._pending.pop(0))

    async def _label(self, pose: dict[str, Any]) -> None:
        people = [self._person(place, person) for place, person in enumerate(pose["people"])]
        self.session.labelled.append(pose["t_ms"])
        self._labels += 1
        await self._send(
            {
                "type": "actions",
                "t_ms": pose["t_ms"],
                "people": people,
                "timing": {"queue_ms": 0.1, "infer_ms": 1.5},
                "dropped": self._dropped,
            }
        )
        if people and people[0]["label"] not in ("warming", self._event_label):
            self._event_label = people[0]["label"]
            event = {"type": "event", "event": "start", "person": people[0]["id"]}
            await self._send(
                event | {"label": self._event_label, "t_ms": pose["t_ms"], "score": 0.5}
            )

    def _person(self, place: int, person: dict[str, Any]) -> dict[str, Any]:
        label, score = label_of(_rows(person["keypoints"], self.session.hello))
        if self._labels < WARMING_FRAMES:
            label = "warming"
        top = [[label, score], ["background", 0.0]]
        top_k = (self.session.hello.get("options") or {}).get("top_k", 2)
        return {
            "id": person.get("id", place),
            "label": label,
            "score": score,
            "top": top[:top_k],
            "known": label != "warming",
        }

    def _welcome(self, kept: Kept | None) -> dict[str, Any]:
        rate_hz = 30.0
        return {
            "type": "welcome",
            "version": 1,
            "session": f"s{len(self._rules.sessions)}",
            "resume": self._token if self._rules.memory else None,
            "resumed": kept is not None,
            "seen_ms": kept.seen_ms if kept else None,
            "taught": [label for label, _ in kept.taught] if kept else [],
            "model": {
                "name": "fake-1",
                "labels": ["background", "wave", "sit"],
                "layout": "coco17",
                "frames": 64,
                "rate_hz": rate_hz,
                "hop_ms": self._timing.hop_frames / rate_hz * 1000,
                "lookahead_ms": self._timing.lookahead_ms,
                "persons": 1,
            },
            "limits": {"message_bytes": 1 << 20, "people": 8, "rate_hz": 60, "idle_s": 60},
            "a_field_of_tomorrow": 1,
        }

    async def _send(self, message: dict[str, Any]) -> None:
        if self.session.binary:
            await self._socket.send(msgspec.msgpack.encode(message))
        else:
            await self._socket.send(msgspec.json.encode(message).decode())


def _decode(data: str | bytes) -> dict[str, Any]:
    message: dict[str, Any]
    if isinstance(data, str):
        message = msgspec.json.decode(data)
    else:
        message = msgspec.msgpack.decode(data)
    return message


def _rows(keypoints: Any, hello: dict[str, Any]) -> list[list[float]]:
    """Rows of keypoints, whether they came nested or as raw float32."""
    if not isinstance(keypoints, bytes):
        return list(keypoints)
    columns = 4 if hello["coordinates"] == "metres" else 3
    return [list(row) for row in struct.iter_unpack(f"<{columns}f", keypoints)]
