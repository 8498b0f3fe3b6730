"""A real headless Chromium before the real service; absent either, the tests are skipped."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from benchmarks.browser import CHROMIUM, launch, webcam
from benchmarks.film import Scene, write_film
from model.pose.artifact import Calibration
from tests.patience import SOON_S
from tests.service.artifacts import COCO, write
from tests.web.page_process import ROOT, PageProcess

VIDEOS = ROOT.parent / "shared" / "data" / "videos"
SIGNING = VIDEOS / "ccby4_asl_walk_640x480_30fps.mkv"
LABELS = ("background", "raise_left_hand", "raise_right_hand")
EVERYDAY = ROOT / "weights" / "everyday-s.onnx"

SOON_MS = round(1000 * SOON_S)

TOO_LITTLE = re.compile("start again|nobody was in the picture", re.IGNORECASE)
"""What the page says to whoever may teach it once more."""

LESSONS = 20
"""How often a lesson is begun before it counts as never learnt."""

expect.set_options(timeout=SOON_MS)

OpenPage = Callable[..., Page]
Launch = Callable[..., Browser]
Snap = Callable[..., None]


@pytest.fixture(scope="session")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact of pictures whose labels are raised hands; its window suits a slow machine."""
    place = tmp_path_factory.mktemp("web") / "hands.onnx"
    return write(place, replace(COCO, labels=LABELS, frames=512))


@pytest.fixture(scope="session")
def doubting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, so unsure of everything that it knows no action."""
    calibration = Calibration(temperature=8, unknown_threshold=0.9)
    spec = replace(COCO, labels=LABELS, frames=512, calibration=calibration)
    return write(tmp_path_factory.mktemp("web") / "doubting.onnx", spec)


@pytest.fixture(scope="session")
def service(hands: Path) -> Iterator[PageProcess]:
    """The service of that artifact."""
    with PageProcess(hands) as process:
        yield process


@pytest.fixture(scope="session")
def everyday() -> Path:
    """The model of everyday actions, once it is here."""
    if not EVERYDAY.exists():
        pytest.skip(f"{EVERYDAY.name} is not in weights")
    return EVERYDAY


@pytest.fixture(scope="session")
def everyday_service(everyday: Path) -> Iterator[PageProcess]:
    """The service of that model."""
    with PageProcess(everyday) as process:
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
    running = launch(playwright)
    yield running
    running.close()


@pytest.fixture(scope="session")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of somebody who signs, the same every four seconds."""
    return write_film([Scene(video(SIGNING.name), 4)], tmp_path_factory.mktemp("film") / "a.y4m")


@pytest.fixture(scope="session")
def browser_with_camera(playwright: Playwright, signing: Path) -> Iterator[Browser]:
    """A browser whose webcam shows that film."""
    running = launch(playwright, *webcam(signing))
    yield running
    running.close()


@pytest.fixture
def launched(playwright: Playwright) -> Iterator[Launch]:
    """Starts a browser with further arguments, which is ended with the test."""
    every: list[Browser] = []

    def launch_(*arguments: str) -> Browser:
        every.append(launch(playwright, *arguments))
        return every[-1]

    yield launch_
    for browser in every:
        browser.close()


def until_labelled(page: Page, label: str) -> None:
    """Waits until somebody does this."""
    named = page.locator("#people .action", has_text=label)
    expect(named.first).to_be_visible(timeout=SOON_MS)


def until(page: Page, expression: str) -> None:
    """Waits until an expression is true of a page whose policy lets it evaluate none by itself."""
    for _ in range(SOON_MS // 200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"{expression} is not so after {SOON_S:.0f} s")


def until_live(page: Page) -> None:
    """Waits until the server has welcomed the stream."""
    expect(page.locator("#status")).to_have_attribute("data-kind", "open")


def until_poses_found(page: Page) -> None:
    """Waits until poses are found in this browser, and something is said of somebody."""
    expect(page.locator("#pose-ms")).to_contain_text("ms")
    expect(page.locator("#people .action").first).not_to_be_empty(timeout=SOON_MS)


def start_lesson(page: Page, label: str, rounds: int) -> None:
    """Fills the form in and presses the button."""
    page.fill("#teach-label", label)
    page.select_option("#teach-rounds", str(rounds))
    page.click("#teach-start")


def until_learnt(page: Page, label: str, examples: int) -> None:
    """Waits until a lesson is over; where a busy machine saw too little of it, starts it again.

    That is what the page asks of whoever teaches, and any other refusal fails.
    """
    said = page.locator("#captured-said")
    for _ in range(LESSONS):
        expect(page.locator("#lesson")).to_be_hidden(timeout=2 * SOON_MS)
        if f"Learnt “{label}” from {examples} example" in said.inner_text():
            return
        expect(said).to_contain_text(TOO_LITTLE)
        counts = page.locator("#taught .count").all_inner_texts()
        missing = examples - sum(int(each.split()[0]) for each in counts)
        if missing == 0:
            return
        until_live(page)
        start_lesson(page, label, missing)
    raise AssertionError(f"{label} is not learnt in {LESSONS} lessons: {said.inner_text()}")


def video(name: str) -> Path:
    """A video of real people; without it the test is skipped."""
    path = VIDEOS / name
    if not path.exists():
        pytest.skip(f"{name} is not in ../shared/data/videos")
    return path


@pytest.fixture
def snap() -> Snap:
    """Keeps a screenshot in the directory that SCREENSHOTS names, if it names one."""
    directory = os.environ.get("SCREENSHOTS")

    def keep(page: Page, name: str, after_ms: float = 0) -> None:
        if directory is not None:
            page.wait_for_timeout(after_ms)
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

    def open_(browser: Browser, address: str, script: str = "", **options: Any) -> Page:
        size = options.pop("size", (1360, 900))
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="light", **options
        )
        context.set_default_timeout(SOON_MS)
        page = context.new_page()
        page.add_init_script(script)
        one = Opened(page, [])
        every.append(one)
        page.on("pageerror", lambda error: one.faults.append(str(error)))
        context.on("request", lambda asked: one.faults.extend(_elsewhere(asked.url, address)))
        page.goto(address)
        expect(page.locator("#pause")).to_be_visible()
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
