"""The page in a real browser before the real service: what a visitor sees and can do."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.web.conftest import OpenPage, Snap, until, until_labelled, until_live
from tests.web.page_process import ROOT, PageProcess

AXE = ROOT / "clients" / "web" / "node_modules" / "axe-core" / "axe.min.js"

PAINTED = """() => {
    const canvas = document.getElementById("picture");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let at = 0; at < data.length; at += 4) {
        painted += data[at] > 150 && data[at + 1] < 130 && data[at + 2] < 90 && data[at + 3] > 200;
    }
    return painted;
}"""
"""How many pixels of the picture have the accent's colour, as the skeleton has."""

HEARS = """() => {
    const said = document.getElementById("said");
    window.heard = [];
    const hear = () => window.heard.push(said.textContent);
    new MutationObserver(hear).observe(said, { childList: true, subtree: true });
}"""
"""Keeps all that a screen reader is told from now on."""

COUNTED = "window.heard.some(each => /^[321]$/.test(each))"
"""Whether a lesson's count-down was told."""


def test_a_sample_plays_at_once_and_is_labelled(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Without a click a figure moves, its skeleton is drawn, and what it does is said and kept."""
    page = opened(browser, service.http)
    until_live(page)
    until_labelled(page, "Raise left hand")
    assert page.evaluate(PAINTED) > 500
    expect(page.locator("#said")).to_contain_text("Raise left hand")
    expect(page.locator("#last-actions")).to_contain_text("Raise left hand")
    expect(page.locator("#whole-ms")).to_contain_text("ms")


def test_what_is_chosen_before_the_server_answers_plays(
    browser: Browser, service: PageProcess
) -> None:
    """A click while the model is not known yet is not lost."""
    page = browser.new_page()
    held: list[Route] = []
    page.route("**/v1/model", lambda route: held.append(route))
    page.goto(service.http)
    page.click("[data-sample=pair]")
    expect(page.locator("#pause")).to_be_hidden()
    held[0].continue_()
    expect(page.locator("[data-sample=pair]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#people .person")).to_have_count(2)
    page.close()


def test_several_people_have_a_card_each(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Two figures are two people, each with their own label; a narrow screen shows the same."""
    page = opened(browser, service.http)
    page.click("[data-sample=pair]")
    expect(page.locator("#people .person")).to_have_count(2)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_is_usable_by_keyboard_alone(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Tab reaches every control in the order of the page; a sample is played, a lesson stopped."""
    page = opened(browser, service.http)
    expect(page.locator("#pause")).to_be_visible()
    reached = reached_by_tab(page, "teach-start")
    controls = [name for name in reached if name]
    cards = page.evaluate("[...document.querySelectorAll('.card')].map(one => one.dataset.sample)")
    assert controls == [
        *("pause", "camera", "file", "pictures", *cards),
        *("teach-label", "teach-rounds", "teach-start"),
    ]
    page.evaluate(HEARS)
    page.focus("[data-sample=squat]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-sample=squat]")).to_have_attribute("aria-pressed", "true")
    page.focus("#teach-label")
    page.keyboard.type("knee bend")
    page.keyboard.press("Enter")
    expect(page.locator("#lesson-stop")).to_be_focused()
    until(page, COUNTED)
    page.keyboard.press("Enter")
    expect(page.locator("#captured-said")).to_contain_text("Nothing more was learnt")
    expect(page.locator("#teach-start")).to_be_focused()


def reached_by_tab(page: Page, last: str) -> list[str]:
    """Presses Tab until an element has the focus, and returns all that had it on the way."""
    reached: list[str] = []
    while len(reached) < 40 and last not in reached:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.dataset.sample ?? document.activeElement.id")
        )
    return reached


def test_axe_finds_nothing(browser: Browser, service: PageProcess, opened: OpenPage) -> None:
    """No rule of axe-core is violated, in light and in dark."""
    if not AXE.exists():
        pytest.skip("npm ci has not been run in clients/web")
    page = opened(browser, service.http)
    until_labelled(page, "Raise left hand")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run()")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []


def test_little_movement_is_respected(
    browser: Browser, service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Who asked for reduced motion sees a still figure, and may play it."""
    page = opened(browser, service.http, reduced_motion="reduce")
    pause = page.locator("#pause")
    expect(pause).to_have_text("Play")
    snap(page, "paused", after_ms=300)
    pause.click()
    until_labelled(page, "Raise left hand")


def test_a_refused_camera_is_a_sentence(
    browser: Browser, service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Without leave, or without a camera, the page says what to do, and the sample plays on."""
    page = opened(browser, service.http)
    until_live(page)
    page.click("#camera")
    expect(page.locator("#message")).to_contain_text("press the button again")
    until_labelled(page, "Raise left hand")
    snap(page, "camera-refused")


def test_a_restart_is_survived(browser: Browser, hands: Path, opened: OpenPage, snap: Snap) -> None:
    """While the server is away the page says so and what happens; then it streams again."""
    with PageProcess(hands) as process:
        page = opened(browser, process.http)
        until_labelled(page, "Raise left hand")
    expect(page.locator("#status")).to_contain_text("Reconnecting")
    expect(page.locator("#message")).to_contain_text("by itself")
    snap(page, "reconnecting")
    with PageProcess(hands, process.port):
        until_live(page)
        expect(page.locator("#message")).to_be_hidden()
        until_labelled(page, "Raise left hand")


def test_a_full_server_is_a_sentence(
    browser: Browser, hands: Path, opened: OpenPage, snap: Snap
) -> None:
    """Who finds no place is told so and tries again; the one who has it is not disturbed."""
    with PageProcess(hands, sessions=1) as process:
        first = opened(browser, process.http)
        until_live(first)
        second = opened(browser, process.http)
        expect(second.locator("#message")).to_contain_text("tries again by itself")
        snap(second, "server-full")
        until_live(first)


def test_what_is_not_known_is_said_to_be_unknown(
    browser: Browser, doubting: Path, opened: OpenPage, snap: Snap
) -> None:
    """It says what it is most like, names no action of it in the timeline, and announces none."""
    with PageProcess(doubting) as process:
        page = opened(browser, process.http)
        page.click("[data-sample=wave]")
        until_labelled(page, "Unknown")
        card = page.locator("#people .person[data-kind=unknown]")
        expect(card.locator(".detail")).to_have_text(
            "Most like raise left hand, but not enough to say so"
        )
        expect(card.locator(".percent")).to_have_text(re.compile(r"^\d+ %$"))
        snap(page, "unknown", after_ms=2500)
        expect(page.locator("#last-actions")).to_have_text("No action in the last 30 seconds")
        expect(page.locator("#said")).to_have_text("")


def test_a_model_of_metres_has_no_use_for_a_webcam(
    browser: Browser, opened: OpenPage, snap: Snap
) -> None:
    """The page says why and what to do instead, and plays its samples in metres."""
    with PageProcess(ROOT / "weights" / "utkinect.onnx") as process:
        page = opened(browser, process.http)
        expect(page.locator("#why-not")).to_contain_text("reads body positions in metres")
        expect(page.locator("#camera")).to_be_disabled()
        expect(page.locator("#people .share").first).to_contain_text("%")
        expect(page.locator("#model-reads")).to_have_text("kinect20, in metres")
        snap(page, "metres", after_ms=2000)


def test_the_first_picture_comes_within_a_second(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """From a warm service the first figure is drawn soon after the page is asked for."""

    def first_ms() -> float:
        page = opened(browser, service.http)
        expect(page.locator("#frames-sent")).to_have_text(re.compile(r"^\d+$"))
        return float(page.evaluate("performance.getEntriesByName('picture')[0].startTime"))

    # A second is what the page is held to on an idle machine; this one may be busy.
    assert min(first_ms() for _ in range(3)) < 10_000
