"""The page with a webcam or a video, whose poses the browser finds: real people, real pixels."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from benchmarks.browser import webcam
from tests.web.conftest import Launch, OpenPage, video
from tests.web.page_process import PageProcess

SOON_MS = 60_000
MINUTE_S = 66
"""The pose runtime reports its use once a minute, where it is let."""

"""What the page says where it names no action."""

NO_ORIGIN = "not an origin"
"""What Chromium's log has for who began a request that is its own."""

SKELETON = """() => {
    const canvas = document.getElementById("picture");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((alpha, at) => at % 4 === 3 && alpha > 200);
}"""
"""Whether anything is drawn over the video, which lies behind this canvas."""

SAYS = """() => {
    window.said = [];
    const note = () => window.said.push(document.querySelector("#people .action")?.textContent);
    setInterval(note, 100);
}"""
"""Notes ten times a second what is said."""


def poses_found(page: Page) -> None:
    """Waits until poses are found in this browser, and something is said of somebody."""
    expect(page.locator("#pose-ms")).to_contain_text("ms", timeout=SOON_MS)
    expect(page.locator("#people .action").first).not_to_be_empty(timeout=SOON_MS)


def test_a_webcam_is_seen_as_a_mirror(
    browser_with_camera: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Poses are found in the browser, or by the server in pictures that are sent; both are said."""
    page = opened(browser_with_camera, service.http)
    page.click("#camera")
    poses_found(page)
    expect(page.locator("video.mirrored")).to_be_visible()
    assert page.evaluate(SKELETON)
    page.locator(".switch").click()
    expect(page.locator("#pose-ms")).to_have_text("–", timeout=SOON_MS)
    expect(page.locator("#people .person")).not_to_have_count(0, timeout=SOON_MS)
    page.locator(".switch").click()
    poses_found(page)


def test_a_video_plays_as_it_is(browser: Browser, service: PageProcess, opened: OpenPage) -> None:
    """A file is looked at like a webcam but not mirrored; one that is no video is a sentence."""
    page = opened(browser, service.http)
    expect(page.locator("#status")).to_have_text("Live", timeout=SOON_MS)
    junk: FilePayload = {"name": "notes.mp4", "mimeType": "video/mp4", "buffer": b"no video"}
    page.set_input_files("#file", junk)
    expect(page.locator("#message")).to_contain_text("cannot play notes.mp4", timeout=SOON_MS)
    expect(page.locator("[data-sample=medley]")).to_have_attribute("aria-pressed", "true")
    page.set_input_files("#file", video("upfall_activity8_trial2_cam1.mp4"))
    poses_found(page)
    expect(page.locator(".stage video")).not_to_have_class("mirrored")
    assert page.evaluate(SKELETON)
    page.click("#pause")
    expect(page.locator("#pause")).to_have_text("Play")
    assert page.evaluate("document.querySelector('.stage video').paused")
    page.click("[data-sample=wave]")
    expect(page.locator(".stage video")).to_have_count(0)


def test_without_webgl_poses_are_found(
    launched: Launch, signing: Path, service: PageProcess, opened: OpenPage
) -> None:
    """Poses are found on the processor, so a browser without 3D graphics will do."""
    browser = launched(*webcam(signing), "--disable-3d-apis")
    page = opened(browser, service.http)
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    page.click("#camera")
    poses_found(page)


def test_without_webassembly_it_says_what_to_do(
    browser_with_camera: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Then the server can find the poses, and does so at once when it is asked to."""
    page = opened(browser_with_camera, service.http, "delete window.WebAssembly")
    page.click("#camera")
    expect(page.locator("#message")).to_contain_text("Switch on “Send pictures”", timeout=SOON_MS)
    page.locator(".switch").click()
    page.click("#camera")
    expect(page.locator("video.mirrored")).to_be_visible()
    expect(page.locator("#people .person")).not_to_have_count(0, timeout=SOON_MS)


@pytest.mark.timeout(400)
def test_a_minute_with_the_webcam_stays_on_this_machine(
    launched: Launch, signing: Path, service: PageProcess, tmp_path: Path
) -> None:
    """Five examples are taught and recognised; in Chromium's log the page asks no other host."""
    log = tmp_path / "net.json"
    browser = launched(*webcam(signing), f"--log-net-log={log}")
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    page.goto(service.http)
    page.click("#camera")
    poses_found(page)
    page.fill("#teach-label", "sign")
    page.select_option("#teach-rounds", "5")
    page.click("#teach-start")
    for round_ in range(1, 6):
        expect(page.locator("#lesson-small")).to_contain_text(f"{round_} of 5", timeout=SOON_MS)
    learnt = page.locator("#captured-said")
    expect(learnt).to_contain_text("“sign” from 5 examples", timeout=SOON_MS)
    expect(page.locator("#taught .count")).to_have_text("5 examples", timeout=SOON_MS)
    expect(page.locator("#people .action").first).to_have_text("Sign", timeout=SOON_MS)
    expect(page.locator("#people .eyebrow").first).to_contain_text("taught by you")
    spent_s = page.evaluate("performance.now()") / 1000
    page.wait_for_timeout(1000 * max(MINUTE_S - spent_s, 0))
    expect(page.locator("#status")).to_have_text("Live")
    browser.close()
    own = urlsplit(service.http).netloc
    asked = _asked_for(json.loads(log.read_text(encoding="utf-8")))
    assert {"http", "ws"} <= {urlsplit(url).scheme for url in asked}
    assert [url for url in asked if urlsplit(url).netloc != own] == []


def _asked_for(log: Mapping[str, Any]) -> list[str]:
    """Every address on the network that a log of Chromium names, but hosts that it alone asks.

    It looks for updates and accounts of its own, whatever it is told; only requests that a page or
    its workers begin have an origin.
    """
    requests = [event.get("params", {}) for event in log["events"]]
    begun = [each for each in requests if "url" in each and "initiator" in each]
    by_nobody = {_host(each) for each in begun if each["initiator"] == NO_ORIGIN}
    by_pages = {_host(each) for each in begun if each["initiator"] != NO_ORIGIN}
    named = (each for each in requests if "url" in each)
    urls = {str(each["url"]) for each in named if _host(each) not in by_nobody - by_pages}
    return sorted(url for url in urls if re.match(r"(https?|wss?):", url))


def _host(request: Mapping[str, Any]) -> str:
    return urlsplit(str(request["url"])).netloc


@pytest.mark.timeout(400)
def test_who_stands_still_does_nothing_in_particular(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage
) -> None:
    """Most of a video of standing is nothing, from its pixels on."""
    page = opened(browser, everyday_service.http)
    page.set_input_files("#file", video("upfall_activity7_trial2_cam1.mp4"))
    poses_found(page)
    page.wait_for_timeout(4000)
    page.evaluate(SAYS)
    page.wait_for_timeout(10_000)
    stood = page.evaluate("window.said.filter(Boolean)")
    assert stood.count("Nothing in particular") > len(stood) / 2, Counter(stood)
