"""What is chosen plays, what is not any more is let go, and what rests goes on when wanted."""

from pathlib import Path

from playwright.sync_api import Browser, Route, expect

from tests.web.conftest import OpenPage, until, until_labelled, until_live, until_poses_found
from tests.web.page_process import PageProcess

TRACKS = """(() => {
    window.tracks = [];
    const lent = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async wanted => {
        const stream = await lent(wanted);
        window.tracks.push(...stream.getTracks());
        return stream;
    };
})()"""
"""Keeps what the browser lends of its camera."""

CLOCKS = """(() => {
    window.clocks = new Set();
    const begin = window.setInterval.bind(window), end = window.clearInterval.bind(window);
    window.setInterval = (tick, ms) => {
        const id = begin(tick, ms);
        if (ms === 50) window.clocks.add(id);
        return id;
    };
    window.clearInterval = id => { window.clocks.delete(id); end(id); };
})()"""
"""Keeps a lesson's intervals that were begun and not ended."""

LET_GO = "window.tracks.every(track => track.readyState === 'ended')"


def test_a_camera_that_waits_for_the_pose_model_is_let_go_or_plays(
    browser_with_camera: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Another choice puts its light out; pictures that are sent need no pose model."""
    page = opened(browser_with_camera, service.http, TRACKS)
    held: list[Route] = []
    page.route("**/pose.task", lambda route: held.append(route))
    page.click("#camera")
    until(page, "window.tracks.length === 1")
    page.click("[data-sample=wave]")
    until(page, LET_GO)
    page.click("#camera")
    until(page, "window.tracks.length === 2")
    page.locator(".switch").click()
    expect(page.locator("video.mirrored")).to_be_visible()
    expect(page.locator("#people .person")).not_to_have_count(0)
    page.locator(".switch").click()
    expect(page.locator("#status")).to_have_text("Loading the pose model…")
    page.wait_for_timeout(1000)
    sent = page.locator("#frames-sent").inner_text()
    page.wait_for_timeout(1500)
    assert page.locator("#frames-sent").inner_text() == sent
    for route in held:
        route.continue_()
    until_poses_found(page)
    page.evaluate("window.tracks[1].dispatchEvent(new Event('ended'))")
    expect(page.locator("#message")).to_contain_text("The camera is gone")
    page.click("[data-sample=wave]")
    until(page, LET_GO)


def test_a_stream_that_rested_goes_on(browser: Browser, hands: Path, opened: OpenPage) -> None:
    """Nothing is sent while it is paused, so the server lets it go: nothing is wrong with that."""
    with PageProcess(hands, idle_s=2) as service:
        page = opened(browser, service.http, reduced_motion="reduce")
        expect(page.locator("#status")).to_have_attribute("data-kind", "idle")
        expect(page.locator("#message")).to_be_hidden()
        page.click("#pause")
        until_live(page)
        until_labelled(page, "Raise left hand")


def test_a_lesson_is_begun_once(browser: Browser, service: PageProcess, opened: OpenPage) -> None:
    """However often Start is pressed, one clock leads through it, and it ends with it."""
    page = opened(browser, service.http, CLOCKS)
    until_live(page)
    page.fill("#teach-label", "twice")
    page.dblclick("#teach-start")
    expect(page.locator("#lesson")).to_be_visible()
    assert page.evaluate("window.clocks.size") == 1
    page.click("#lesson-stop")
    assert page.evaluate("window.clocks.size") == 0
