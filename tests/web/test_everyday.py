"""The page before the model of everyday actions: samples are what their cards say."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import OpenPage, Snap
from tests.web.page_process import PageProcess

SOON_MS = 60_000


def until_labelled(page: Page, label: str) -> None:
    """Waits until somebody does this."""
    named = page.locator("#people .action", has_text=label)
    expect(named.first).to_be_visible(timeout=SOON_MS)


def test_who_opens_the_page_sees_somebody_wave(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Without a click a figure moves and what it does is said; a webcam may be used at once."""
    page = opened(browser, everyday_service.http)
    until_labelled(page, "Wave")
    expect(page.locator("#last-actions")).to_contain_text("Wave", timeout=SOON_MS)
    expect(page.locator("#camera")).to_be_enabled()
    expect(page.locator("#why-not")).to_be_hidden()
    snap(page, "sample")
    page.emulate_media(color_scheme="dark")
    until_labelled(page, "Squat")
    snap(page, "sample-dark")
    page.locator("#model-labels").click()
    expect(page.locator("#model-label-names")).to_contain_text("Walk, Run, Sit down")


def test_two_people_are_told_apart(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Each has a card, a name over the head and a lane of their own, on a narrow screen too."""
    page = opened(browser, everyday_service.http)
    page.click("[data-sample=pair]")
    expect(page.locator("#people .person")).to_have_count(2, timeout=SOON_MS)
    until_labelled(page, "Squat")
    snap(page, "two-people")
    page.set_viewport_size({"width": 390, "height": 844})
    until_labelled(page, "Wave both hands")
    snap(page, "narrow")


@pytest.mark.timeout(300)
def test_what_nobody_trained_is_taught(
    browser: Browser, everyday_service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """Arms that circle are shown three times and known from then on; what was known stays known."""
    page = opened(browser, everyday_service.http)
    page.click("[data-sample=circles]")
    page.wait_for_timeout(3500)
    page.fill("#teach-label", "arm circles")
    page.click("#teach-start")
    page.wait_for_timeout(600)
    snap(page, "teach-count-down")
    expect(page.locator("#lesson-big")).to_have_text("Go", timeout=SOON_MS)
    page.wait_for_timeout(1200)
    snap(page, "teach-perform")
    learnt = page.locator("#captured-said")
    expect(learnt).to_contain_text("“arm circles” from 3 examples", timeout=SOON_MS)
    until_labelled(page, "Arm circles")
    snap(page, "taught")
    page.click("[data-sample=kick]")
    until_labelled(page, "Kick")
    page.get_by_label("Delete arm circles").click()
    expect(page.locator("#none-taught")).to_be_visible(timeout=SOON_MS)
