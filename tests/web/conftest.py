"""A real headless Chromium before the real service; absent either, the tests are skipped."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.service.artifacts import COCO, write
from tests.web.fake_webcam import write_y4m
from tests.web.page_process import ROOT, PageProcess

CHROMIUM = Path("/usr/bin/chromium")
# Without these it asks its maker's hosts at every start.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
VIDEO = ROOT.parent / "shared" / "data" / "videos" / "ccby4_asl_walk_640x480_30fps.mkv"
LABELS = ("background", "raise_left_hand", "raise_right_hand")

OpenPage = Callable[..., Page]
Snap = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact of pictures whose labels are raised hands; its window suits a slow machine."""
    place = tmp_path_factory.mktemp("web") / "hands.onnx"
    return write(place, replace(COCO, labels=LABELS, frames=128))


@pytest.fixture(scope="session")
def service(hands: Path) -> Iterator[PageProcess]:
    """The service of that artifact."""
    with PageProcess(hands) as process:
        yield process


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, where there is a browser for it."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser without a camera."""
    running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield running
    running.close()


@pytest.fixture(scope="session")
def browser_with_camera(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser whose webcam shows a video of somebody who signs."""
    if not VIDEO.exists():
        pytest.skip(f"{VIDEO.name} is not in ../shared/data/videos")
    film = write_y4m(VIDEO, tmp_path_factory.mktemp("camera") / "camera.y4m", seconds=4)
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    running = playwright.chromium.launch(executable_path=CHROMIUM, args=(*ARGUMENTS, *camera))
    yield running
    running.close()


@pytest.fixture
def snap() -> Snap:
    """Keeps a screenshot in the directory that SCREENSHOTS names, if it names one."""
    directory = os.environ.get("SCREENSHOTS")

    def keep(page: Page, name: str) -> None:
        if directory is not None:
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=Path(directory) / f"{name}.png")

    return keep


@dataclass
class Opened:
    """A page, and what it did that it must not.

    Attributes:
        page: in a context of its own.
        faults: errors in its code, and requests to other hosts.
    """

    page: Page
    faults: list[str]


@pytest.fixture
def opened() -> Iterator[OpenPage]:
    """Opens the page; at the end it must have had no fault, and be closed."""
    every: list[Opened] = []

    def open_(browser: Browser, address: str, **options: Any) -> Page:
        size = options.pop("size", (1360, 900))
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="light", **options
        )
        page = context.new_page()
        one = Opened(page, [])
        every.append(one)
        page.on("pageerror", lambda error: one.faults.append(str(error)))
        context.on("request", lambda asked: one.faults.extend(_elsewhere(asked.url, address)))
        page.goto(address)
        return page

    yield open_
    faults = [fault for one in every for fault in one.faults]
    for one in every:
        one.page.context.close()
    assert faults == []


def _elsewhere(url: str, address: str) -> list[str]:
    parts = urlsplit(url)
    own = parts.scheme in ("blob", "data") or parts.netloc == urlsplit(address).netloc
    return [] if own else [f"asked for {url}"]
