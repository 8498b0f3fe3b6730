"""The page before the model of everyday actions: samples are what their cards say."""

import re
from itertools import count
from threading import Event

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.web.conftest import OpenPage, Snap, start_lesson, until, until_labelled, until_learnt
from tests.web.page_process import PageProcess

WATCHES = """() => {
    const big = document.getElementById("lesson-big");
    window.steps = [];
    const watch = () => big.textContent && window.steps.push(big.textContent);
    new MutationObserver(watch).observe(big, { childList: true });
}"""
"""Keeps all that a lesson shows large from now on."""


def test_who_opens_the_page_sees_somebody_wave(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Without a click a figure moves and what it does is said; a webcam may be used at once."""
    page = opened(browser, everyday_service.http)
    until_labelled(page, "Wave")
    expect(page.locator("#last-actions")).to_contain_text("Wave")
    expect(page.locator("#camera")).to_be_enabled()
    expect(page.locator("#why-not")).to_be_hidden()
    snap(page, "sample")
    page.emulate_media(color_scheme="dark")
    until_labelled(page, "Clap")
    snap(page, "sample-dark")
    page.locator("#model-labels").click()
    expect(page.locator("#model-label-names")).to_contain_text("Walk, Run, Sit down")


def test_two_people_are_told_apart(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Each has a card, a name over the head and a lane of their own, on a narrow screen too."""
    page = opened(browser, everyday_service.http)
    page.click("[data-sample=pair]")
    expect(page.locator("#people .person")).to_have_count(2)
    until_labelled(page, "Squat")
    snap(page, "two-people")
    page.set_viewport_size({"width": 390, "height": 844})
    until_labelled(page, "Wave both hands")
    snap(page, "narrow")


def test_too_few_pictures_are_a_sentence(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage
) -> None:
    """Where one frame in ten reaches the server, a sentence says why nobody is spoken of."""
    page = opened(browser, everyday_service.http)
    poses, all_arrive = count(), Event()

    def thinned(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_server(message: str | bytes) -> None:
            assert isinstance(message, bytes)
            if b"t_ms" not in message or next(poses) % 10 == 0 or all_arrive.is_set():
                server.send(message)

        socket.on_message(to_server)

    page.route_web_socket("**/v1/stream", thinned)
    page.reload()
    expect(page.locator("#message")).to_have_text(
        re.compile(r"^Too few pictures: .* nothing is said of anybody\. Try “Send pictures”, or"),
        timeout=30_000,
    )
    expect(page.locator("#people .action")).to_have_text("Watching…")
    all_arrive.set()
    expect(page.locator("#people .action")).not_to_have_text("Watching…", timeout=30_000)
    expect(page.locator("#message")).to_be_hidden()


@pytest.mark.timeout(900)
def test_what_nobody_trained_is_taught(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Who bends sideways shows it three times, and it is known; what was known stays known."""
    page = opened(browser, everyday_service.http)
    page.click("[data-sample=side-bends]")
    until_labelled(page, "Nothing in particular")
    page.evaluate(WATCHES)
    start_lesson(page, "side bends", 3)
    until(page, "window.steps.length > 0")
    snap(page, "teach-count-down")
    until(page, "window.steps.includes('Go')")
    snap(page, "teach-perform", after_ms=1200)
    until_learnt(page, "side bends", 3)
    assert {"1", "2", "3", "Go"} & set(page.evaluate("window.steps")) > {"Go"}
    until_labelled(page, "Side bends")
    until_labelled(page, "Nothing in particular")
    until_labelled(page, "Side bends")
    snap(page, "taught", after_ms=600)
    page.click("[data-sample=kick]")
    until_labelled(page, "Kick")
    page.get_by_label("Delete side bends").click()
    expect(page.locator("#none-taught")).to_be_visible()
