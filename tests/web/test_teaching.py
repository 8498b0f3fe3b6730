"""Teaching in the page: what is taught is known, and no lesson leaves anybody waiting."""

from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.web.conftest import OpenPage, Snap, start_lesson, until_live
from tests.web.page_process import PageProcess

FEW_FRAMES = """(() => {
    const every = window.setInterval.bind(window);
    window.setInterval = (tick, ms) =>
        ms < 40 ? every(() => window.seen && tick(), 100) : every(tick, ms);
})()"""
"""Has a sample's frames come ten times a second, as on a slow machine, and none until `seen`."""


def test_an_action_is_taught_renamed_and_deleted(
    browser: Browser, service: PageProcess, opened: OpenPage, snap: Snap
) -> None:
    """A name, a count-down, a span: then it is known, by any name, until it is deleted.

    On a slow machine the count-down waits until there is enough to tell the action apart from.
    """
    page = opened(browser, service.http, FEW_FRAMES)
    until_live(page)
    start_lesson(page, "hello", 1)
    expect(page.locator("#lesson-small")).to_have_text("First move a little, as you like")
    page.evaluate("window.seen = true")
    snap(page, "teach-watch")
    expect(page.locator("#captured-said")).to_contain_text("Learnt “hello” from 1 example")
    expect(page.locator("#lesson")).to_be_hidden()
    name = page.locator("#taught input")
    expect(name).to_have_value("hello")
    name.fill("good day")
    name.press("Enter")
    expect(page.get_by_label("Name of good day")).to_be_focused()
    page.get_by_label("Name of good day").fill("raise_left_hand")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("were not changed")
    expect(page.get_by_label("Name of good day")).to_have_value("good day")
    with page.expect_download() as download:
        page.click("#export")
    assert b"good day" in Path(download.value.path()).read_bytes()
    until_live(page)
    page.get_by_label("Delete good day").click()
    expect(page.locator("#none-taught")).to_be_visible()
    page.set_input_files("#import", download.value.path())
    expect(page.get_by_label("Name of good day")).to_be_visible()


def test_a_lesson_that_is_not_answered_ends_with_a_sentence(
    browser: Browser, service: PageProcess, opened: OpenPage
) -> None:
    """Whether the answer never comes or the connection is lost, and the next one is learnt."""
    page = opened(browser, service.http)
    silenced = Silenced(page)
    page.reload()
    until_live(page)
    said, overlay = page.locator("#captured-said"), page.locator("#lesson")
    start_lesson(page, "hello", 2)
    expect(said).to_contain_text("the server did not answer in time")
    expect(overlay).to_be_hidden()
    start_lesson(page, "hello", 1)
    expect(overlay).to_be_visible()
    silenced.lose()
    expect(said).to_contain_text("the connection was lost. Start again once it is back")
    expect(overlay).to_be_hidden()


class Silenced:
    """A page's streams, whose lessons never reach the server.

    Args:
        page: it is listened to from its next loading on.
    """

    def __init__(self, page: Page) -> None:
        self._newest: WebSocketRoute | None = None
        page.route_web_socket("**/v1/stream", self._routed)

    def lose(self) -> None:
        """Has the newest stream's connection be lost."""
        assert self._newest is not None
        self._newest.close(code=1011)

    def _routed(self, socket: WebSocketRoute) -> None:
        self._newest = socket
        server = socket.connect_to_server()

        def to_server(message: str | bytes) -> None:
            assert isinstance(message, bytes)
            if b"teach" not in message:
                server.send(message)

        socket.on_message(to_server)
