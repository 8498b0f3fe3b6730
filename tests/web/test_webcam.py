"""The page with a webcam or a video, whose poses the browser finds: real people, real pixels."""

from collections import Counter
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from benchmarks.browser import webcam
from benchmarks.film import Scene, write_film
from tests.web.conftest import (
    Launch,
    OpenPage,
    until,
    until_live,
    until_poses_found,
    video,
)
from tests.web.page_process import PageProcess

SKELETON = """() => {
    const canvas = document.getElementById("picture");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((alpha, at) => at % 4 === 3 && alpha > 200);
}"""
"""Whether anything is drawn over the video, which lies behind this canvas."""

IDLE = {"Nothing in particular", "Unknown"}

SLOWEST_POSE_MS = 125.0
"""What is done cannot be told of poses that take longer to find: training began at 10 Hz."""

NOTE_WHAT_IS_SAID = """() => {
    const says = () => document.querySelector("#people .action")?.textContent ?? "";
    const poseMs = () => Number.parseFloat(document.getElementById("pose-ms").textContent);
    window.said = [];
    window.poseMs = [];
    setInterval(() => { window.said.push(says()); window.poseMs.push(poseMs()); }, 100);
}"""


def said_for(page: Page, readings: int) -> Counter[str]:
    """What is said of whoever is seen, ten times a second; a machine too slow for it skips."""
    until_poses_found(page)
    page.evaluate(NOTE_WHAT_IS_SAID)
    until(page, f"window.said.length >= {readings}")
    pose_ms = median(page.evaluate("window.poseMs.filter(Number.isFinite)"))
    if pose_ms > SLOWEST_POSE_MS:
        pytest.skip(f"a pose takes this machine {pose_ms:.0f} ms, more than {SLOWEST_POSE_MS:.0f}")
    said: list[str] = page.evaluate("window.said")
    return Counter(each for each in said if each not in {"", "Watching…"})


def test_a_webcam_is_seen_as_a_mirror(
    browser_with_camera: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Poses are found in the browser, or by the server in pictures that are sent; both are said."""
    page = opened(browser_with_camera, service.http)
    page.click("#camera")
    until_poses_found(page)
    expect(page.locator("video.mirrored")).to_be_visible()
    until(page, SKELETON)
    page.locator(".switch").click()
    expect(page.locator("#pose-ms")).to_have_text("–")
    expect(page.locator("#people .person")).not_to_have_count(0)
    page.locator(".switch").click()
    until_poses_found(page)


def test_a_video_plays_as_it_is(browser: Browser, service: PageProcess, opened: OpenPage) -> None:
    """A file is looked at like a webcam but not mirrored; one that is no video is a sentence."""
    page = opened(browser, service.http)
    until_live(page)
    junk: FilePayload = {"name": "notes.mp4", "mimeType": "video/mp4", "buffer": b"no video"}
    page.set_input_files("#file", junk)
    expect(page.locator("#message")).to_contain_text("cannot play notes.mp4")
    expect(page.locator("[data-sample=medley]")).to_have_attribute("aria-pressed", "true")
    page.set_input_files("#file", video("upfall_activity8_trial2_cam1.mp4"))
    until_poses_found(page)
    expect(page.locator(".stage video")).not_to_have_class("mirrored")
    until(page, SKELETON)
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
    until_poses_found(page)


def test_without_webassembly_it_says_what_to_do(
    browser_with_camera: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Then the server can find the poses, and does so at once when it is asked to."""
    page = opened(browser_with_camera, service.http, "delete window.WebAssembly")
    until_live(page)
    page.click("#camera")
    expect(page.locator("#message")).to_contain_text("Switch on “Send pictures”")
    page.locator(".switch").click()
    page.click("#camera")
    expect(page.locator("video.mirrored")).to_be_visible()
    expect(page.locator("#people .person")).not_to_have_count(0)


@pytest.mark.timeout(400)
def test_who_stands_still_does_nothing_in_particular(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage
) -> None:
    """Most of a video of standing is nothing, from its pixels on."""
    page = opened(browser, everyday_service.http)
    page.set_input_files("#file", video("upfall_activity7_trial2_cam1.mp4"))
    said = said_for(page, 150)
    assert said["Nothing in particular"] > said.total() / 2, said


@pytest.mark.timeout(400)
def test_who_walks_before_the_webcam_is_said_to_walk(
    launched: Launch, everyday_service: PageProcess, opened: OpenPage, tmp_path: Path
) -> None:
    """Of all that is said to be done while somebody walks about, walking is said most."""
    film = write_film([Scene(video("upfall_activity6_trial2_cam1.mp4"), 12)], tmp_path / "walk.y4m")
    page = opened(launched(*webcam(film)), everyday_service.http)
    page.click("#camera")
    said = said_for(page, 240)
    until(page, SKELETON)
    named = [label for label, _ in said.most_common() if label not in IDLE]
    assert named[:1] == ["Walk"], said
