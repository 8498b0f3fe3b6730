"""A visit to the demo page: what it sent, what it was answered, and what stood on the screen when.

All times are the stream's own, in milliseconds. What is heard on the way is the page's own traffic;
when something is painted is told by the page's own clock.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, WebSocket, expect

LOADED_MS = 120_000
ROW = 3
"""x, y, score."""

WATCH = """
window.shown = [];
document.addEventListener("DOMContentLoaded", () => {
    let last = "";
    const look = () => {
        const said = document.querySelector("#people .action")?.textContent ?? "";
        if (said === last) return;
        last = said;
        requestAnimationFrame(() => window.shown.push([performance.now(), said]));
    };
    const all = { subtree: true, childList: true, characterData: true };
    new MutationObserver(look).observe(document.getElementById("people"), all);
});
"""
"""Notes what is said of the first person, and when the frame begins that paints it."""

MARK = "name => performance.getEntriesByName(name).at(-1).startTime"


@dataclass(frozen=True)
class SentFrame:
    """A frame that the page sent.

    Attributes:
        t_ms: when its picture was taken.
        people: (V, 4) rows x, y, 0, score of each person in it.
    """

    t_ms: float
    people: tuple[NDArray[np.float32], ...]


@dataclass
class Visit:
    """What was seen of one stream.

    Attributes:
        layout: of the keypoints.
        size: (width, height) of the pictures.
        frames: what was sent, in order.
        ids: a frame's time → the ids that the service gave its people.
        shown: (time, words) of what stood on the screen, from each change on.
        pose_ms: what finding a pose took, as the page says.
    """

    layout: str = ""
    size: tuple[float, float] = (1.0, 1.0)
    frames: list[SentFrame] = field(default_factory=list)
    ids: dict[float, tuple[int, ...]] = field(default_factory=dict)
    shown: list[tuple[float, str]] = field(default_factory=list)
    pose_ms: float = float("nan")

    def hear(self, socket: WebSocket) -> None:
        """Begins anew with each stream: the page plays a sample before it is told to do better."""
        self.frames, self.ids = [], {}
        socket.on("framesent", self.sent)
        socket.on("framereceived", self.received)

    @property
    def newest_ms(self) -> float:
        """When the newest picture was taken.

        Raises:
            ValueError: the page sent none.
        """
        if not self.frames:
            raise ValueError("the page sent no frame of its webcam: there is nothing to measure")
        return self.frames[-1].t_ms

    def frames_a_second(self, last_s: float) -> float:
        """How many frames were sent a second, over the last seconds.

        Raises:
            ValueError: none was sent.
        """
        newest_ms = self.newest_ms
        sent = [frame for frame in self.frames if newest_ms - frame.t_ms < 1000 * last_s]
        return len(sent) / last_s

    def sent(self, payload: str | bytes) -> None:
        """Takes a message of the page, in MessagePack."""
        message = _message(payload)
        if message["type"] == "hello":
            self.layout, self.size = message["layout"], tuple(message["size"])
        if message["type"] == "pose":
            people = tuple(_rows(person["keypoints"]) for person in message["people"])
            self.frames.append(SentFrame(message["t_ms"], people))

    def received(self, payload: str | bytes) -> None:
        """Takes a message of the service, in MessagePack."""
        message = _message(payload)
        if message["type"] == "actions":
            self.ids[message["t_ms"]] = tuple(person["id"] for person in message["people"])


def visit_with_webcam(browser: Browser, address: str, seconds: float) -> Visit:
    """Opens the page, presses the button for the webcam, and watches."""
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    visit = Visit()
    page.on("websocket", visit.hear)
    page.add_init_script(WATCH)
    page.goto(address)
    expect(page.locator("#status")).to_have_attribute("data-kind", "open", timeout=LOADED_MS)
    page.click("#camera")
    pose = page.locator("#pose-ms")
    expect(pose).to_contain_text("ms", timeout=LOADED_MS)
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        # Playwright hears the socket only while it is waited with.
        page.wait_for_timeout(250)
    visit.pose_ms = float(re.sub(r"[^\d.]", "", pose.inner_text()))
    begun_ms = page.evaluate(MARK, "stream")
    visit.shown = [
        (at_ms - begun_ms, said)
        for at_ms, said in page.evaluate("window.shown")
        if at_ms >= begun_ms
    ]
    page.close()
    return visit


def first_picture_s(browser: Browser, address: str) -> float:
    """How long a new visitor waits for the first figure, from asking for the page on."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#pause")).to_be_visible(timeout=LOADED_MS)
    page.wait_for_timeout(500)
    taken = float(page.evaluate(MARK, "picture")) / 1000
    context.close()
    return taken


def _message(payload: str | bytes) -> Mapping[str, Any]:
    packed = payload.encode() if isinstance(payload, str) else payload
    message: Mapping[str, Any] = msgspec.msgpack.decode(packed)
    return message


def _rows(keypoints: bytes) -> NDArray[np.float32]:
    flat = np.frombuffer(keypoints, "<f4").reshape(-1, ROW)
    return np.insert(flat, 2, 0, axis=1).astype(np.float32)
