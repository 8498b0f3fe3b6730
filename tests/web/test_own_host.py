"""The page and its pose runtime ask no other host, as Chromium's own log of the network says."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from benchmarks.browser import webcam
from tests.web.conftest import (
    SOON_MS,
    Launch,
    start_lesson,
    until,
    until_learnt,
    until_live,
    until_poses_found,
)
from tests.web.page_process import PageProcess

REPORTS_SOON = """(() => {
    const every = self.setInterval.bind(self);
    self.setInterval = (tick, ms, ...rest) => every(tick, Math.min(ms, 2000), ...rest);
    const asked = new BroadcastChannel("asked");
    const fetched = self.fetch.bind(self);
    let guarded;
    const told = (input, init) => {
        asked.postMessage(new URL(input.url ?? input, self.location.href).host);
        return guarded(input, init);
    };
    Object.defineProperty(self, "fetch", {
        get: () => guarded === undefined ? fetched : told,
        set: (fetch) => { guarded = fetch; },
    });
})();
"""
"""Runs before the pose worker: its runtime reports its use every minute by a timer, here every two
seconds, and which hosts it tries to ask is told, before the worker's own guard."""

HEARS = """
window.asked = [];
new BroadcastChannel("asked").onmessage = ({ data }) => window.asked.push(data);
"""

REPORTED = "window.asked.some(host => host !== location.host)"
"""Whether the runtime has tried to report its use."""

NO_ORIGIN = "not an origin"
"""What Chromium's log has for who began a request that is its own."""


@pytest.mark.timeout(600)
def test_a_webcam_and_what_it_teaches_stay_on_this_machine(
    launched: Launch, signing: Path, service: PageProcess, tmp_path: Path
) -> None:
    """Five examples are taught and recognised; the runtime's report of its use reaches nobody."""
    log = tmp_path / "net.json"
    browser = launched(*webcam(signing), f"--log-net-log={log}")
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    page.set_default_timeout(SOON_MS)
    page.add_init_script(HEARS)
    page.route("**/pose_worker.js", reporting_soon)
    page.goto(service.http)
    page.click("#camera")
    until_poses_found(page)
    expect(page.locator("#people .action").first).not_to_have_text("Watching…")
    start_lesson(page, "sign", 5)
    until_learnt(page, "sign", 5)
    expect(page.locator("#taught .count")).to_have_text("5 examples")
    expect(page.locator("#people .action").first).to_have_text("Sign")
    expect(page.locator("#people .eyebrow").first).to_contain_text("taught by you")
    until(page, REPORTED)
    until_live(page)
    browser.close()
    own = urlsplit(service.http).netloc
    asked = _asked_for(json.loads(log.read_text(encoding="utf-8")))
    assert {"http", "ws"} <= {urlsplit(url).scheme for url in asked}
    assert [url for url in asked if urlsplit(url).netloc != own] == []


def reporting_soon(route: Route) -> None:
    """Serves the pose worker as the service does, with a timer of its runtime sped up."""
    served = route.fetch()
    route.fulfill(response=served, body=REPORTS_SOON + served.text())


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
