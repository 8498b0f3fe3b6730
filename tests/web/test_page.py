"""The page in a real browser before the real service: what a visitor sees and can do."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import OpenPage, Snap
from tests.web.page_process import ROOT, PageProcess

SOON_MS = 30_000
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


def until_labelled(page: Page, label: str) -> None:
    """Waits until somebody does this."""
    expect(page.locator("#people .action").first).to_have_text(label, timeout=SOON_MS)


def test_a_sample_plays_at_once_and_is_labelled(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Without a click a figure moves, its skeleton is drawn, and what it does is said and kept."""
    page = opened(browser, service.http)
    expect(page.locator("#status")).to_have_text("Live", timeout=SOON_MS)
    until_labelled(page, "Raise right hand")
    assert page.evaluate(PAINTED) > 500
    expect(page.locator("#said")).to_contain_text("Raise right hand", timeout=SOON_MS)
    expect(page.locator("#last-actions")).to_contain_text("Raise right hand", timeout=SOON_MS)
    expect(page.locator("#whole-ms")).to_contain_text("ms")


def test_several_people_have_a_card_each(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Two figures are two people, each with their own label; a narrow screen shows the same."""
    page = opened(browser, service.http)
    page.click("[data-sample=pair]")
    expect(page.locator("#people .person")).to_have_count(2, timeout=SOON_MS)
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
    page.focus("[data-sample=squat]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-sample=squat]")).to_have_attribute("aria-pressed", "true")
    page.focus("#teach-label")
    page.keyboard.type("knee bend")
    page.keyboard.press("Enter")
    expect(page.locator("#lesson-stop")).to_be_focused(timeout=SOON_MS)
    expect(page.locator("#said")).to_contain_text("3", timeout=SOON_MS)
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
    until_labelled(page, "Raise right hand")
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
    expect(pause).to_have_text("Play", timeout=SOON_MS)
    page.wait_for_timeout(300)
    snap(page, "paused")
    pause.click()
    until_labelled(page, "Raise right hand")


def test_a_refused_camera_is_a_sentence(
    browser: Browser, service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Without leave, or without a camera, the page says what to do, and the sample plays on."""
    page = opened(browser, service.http)
    expect(page.locator("#status")).to_have_text("Live", timeout=SOON_MS)
    page.click("#camera")
    expect(page.locator("#message")).to_contain_text("press the button again", timeout=SOON_MS)
    until_labelled(page, "Raise right hand")
    snap(page, "camera-refused")


def test_a_restart_is_survived(browser: Browser, hands: Path, opened: OpenPage, snap: Snap) -> None:
    """While the server is away the page says so and what happens; then it streams again."""
    process = PageProcess(hands)
    page = opened(browser, process.http)
    until_labelled(page, "Raise right hand")
    process.stop()
    expect(page.locator("#status")).to_contain_text("Reconnecting", timeout=SOON_MS)
    expect(page.locator("#message")).to_contain_text("by itself")
    snap(page, "reconnecting")
    with PageProcess(hands, process.port):
        expect(page.locator("#status")).to_have_text("Live", timeout=SOON_MS)
        expect(page.locator("#message")).to_be_hidden()
        until_labelled(page, "Raise right hand")


def test_a_full_server_is_a_sentence(
    browser: Browser, hands: Path, opened: OpenPage, snap: Snap
) -> None:
    """Who finds no place is told so and tries again; the one who has it is not disturbed."""
    with PageProcess(hands, sessions=1) as process:
        first = opened(browser, process.http)
        expect(first.locator("#status")).to_have_text("Live", timeout=SOON_MS)
        second = opened(browser, process.http)
        expect(second.locator("#message")).to_contain_text("tries again by itself", timeout=SOON_MS)
        snap(second, "server-full")
        expect(first.locator("#status")).to_have_text("Live")


def test_a_model_of_metres_has_no_use_for_a_webcam(
    browser: Browser, opened: OpenPage, snap: Snap
) -> None:
    """The page says why and what to do instead, and plays its samples in metres."""
    with PageProcess(ROOT / "weights" / "utkinect.onnx") as process:
        page = opened(browser, process.http)
        expect(page.locator("#why-not")).to_contain_text("reads body positions in metres")
        expect(page.locator("#camera")).to_be_disabled()
        expect(page.locator("#people .share").first).to_contain_text("%", timeout=SOON_MS)
        expect(page.locator("#model-reads")).to_have_text("kinect20, in metres")
        page.wait_for_timeout(2000)
        snap(page, "metres")


def test_an_action_is_taught_renamed_and_deleted(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """A name, a count-down, a span: then it is known, by any name, until it is deleted."""
    page = opened(browser, service.http)
    page.click("[data-sample=squat]")
    page.wait_for_timeout(4600)
    page.fill("#teach-label", "knee bend")
    page.select_option("#teach-rounds", "1")
    page.click("#teach-start")
    expect(page.locator("#captured-said")).to_contain_text("Learnt “knee bend”", timeout=SOON_MS)
    name = page.locator("#taught input")
    expect(name).to_have_value("knee bend")
    until_labelled(page, "Knee bend")
    name.fill("squat down")
    name.press("Enter")
    expect(page.get_by_label("Name of squat down")).to_be_visible(timeout=SOON_MS)
    with page.expect_download() as download:
        page.click("#export")
    assert b"squat down" in Path(download.value.path()).read_bytes()
    expect(page.locator("#status")).to_have_text("Live", timeout=SOON_MS)
    page.get_by_label("Delete squat down").click()
    expect(page.locator("#none-taught")).to_be_visible(timeout=SOON_MS)
    page.set_input_files("#import", download.value.path())
    expect(page.get_by_label("Name of squat down")).to_be_visible(timeout=SOON_MS)


def test_the_first_picture_comes_within_a_second(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """From a warm service the first figure is drawn soon after the page is asked for."""

    def first_ms() -> float:
        page = opened(browser, service.http)
        expect(page.locator("#frames-sent")).to_have_text(re.compile(r"^\d+$"), timeout=SOON_MS)
        return float(page.evaluate("performance.getEntriesByName('picture')[0].startTime"))

    # A second is what the page is held to on an idle machine; this one may be busy.
    assert min(first_ms() for _ in range(3)) < 5000
