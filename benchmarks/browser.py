"""A headless Chromium that renders in software, asks nobody for anything, may have a webcam."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
# Without these it asks its maker's hosts at every start.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def webcam(film: Path) -> tuple[str, ...]:
    """What has Chromium show a film, a .y4m file, as its webcam, and lend it unasked."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )


def launch(playwright: Playwright, *arguments: str) -> Browser:
    """Starts Chromium with further arguments."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=(*ARGUMENTS, *arguments))


@contextmanager
def running_browser(*arguments: str) -> Iterator[Browser]:
    """Chromium with further arguments, ended afterwards.

    Raises:
        ValueError: it is not installed, or does not do what is waited for in it.
    """
    if not CHROMIUM.exists():
        raise ValueError(f"expected Chromium at {CHROMIUM}, which `make setup` installs on Debian")
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright, *arguments)
            yield browser
            browser.close()
        except (Error, AssertionError) as error:
            # What is expected of a page is an assertion of Playwright's, its log of attempts below.
            said = str(error).partition("Call log:")[0].split()
            raise ValueError(f"Chromium did not do as it should: {' '.join(said)}") from None
