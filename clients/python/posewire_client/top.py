"""`posewire-stream top`: what a server does, looked at again and again until Ctrl-C."""

import argparse
import http.client
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import TextIO

import msgspec

from posewire_client.arguments import Parser, add_url, positive_float, positive_int
from posewire_client.errors import UnreachableError
from posewire_client.link import check_address, http_address, is_this_machine
from posewire_client.load_view import ServerLoad, screen, server_load
from posewire_client.metrics_page import MetricsPage

NAME = "top"
TIMEOUT_S = 5.0

_TO_THE_TOP = "\x1b[H\x1b[J"


def run(arguments: Sequence[str]) -> int:
    """Run the command; Ctrl-C is its usual end.

    Raises:
        PosewireError: The address is none, or nobody answers there.
    """
    settings = _parser().parse_args(arguments)
    check_address(settings.url)
    address = http_address(settings.url, "/metrics")
    try:
        for load in _loads(address, settings):
            _show(load, address, sys.stdout, as_json=settings.json)
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    arguments = Parser(
        prog=f"posewire-stream {NAME}", description="Show what a posewire server does, live."
    )
    add_url(arguments)
    arguments.add_argument(
        "--every",
        type=positive_float,
        default=2.0,
        metavar="SECONDS",
        help="how long rates are taken over, and a screen stands (default: %(default)s)",
    )
    arguments.add_argument(
        "--times", type=positive_int, metavar="N", help="how many screens (default: until Ctrl-C)"
    )
    arguments.add_argument(
        "--json", action="store_true", help="a line of JSON in place of each screen"
    )
    return arguments


def _loads(address: str, settings: argparse.Namespace) -> Iterator[ServerLoad]:
    """Yield what the server did, every so often."""
    before, before_s = _page(address), time.monotonic()
    shown = 0
    while settings.times is None or shown < settings.times:
        time.sleep(settings.every)
        now, now_s = _page(address), time.monotonic()
        yield server_load(before, now, now_s - before_s)
        before, before_s = now, now_s
        shown += 1


def _show(load: ServerLoad, address: str, out: TextIO, *, as_json: bool) -> None:
    if as_json:
        out.write(msgspec.json.encode(load).decode() + "\n")
    else:
        head = f"{address}  {time.strftime('%H:%M:%S')}"
        start = _TO_THE_TOP if out.isatty() else ""
        out.write(start + "\n".join([head, *screen(load), "", ""]))
    out.flush()


def _page(address: str) -> MetricsPage:
    proxies = [urllib.request.ProxyHandler({})] if is_this_machine(address) else []
    try:
        with urllib.request.build_opener(*proxies).open(address, timeout=TIMEOUT_S) as answer:
            return MetricsPage.read(answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            raise UnreachableError(
                f"expected a posewire server's metrics at {address}, got HTTP {error.code} "
                f"({error.reason})"
            ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"no posewire server answers at {address}: {reason}") from error
    except ValueError as error:
        raise UnreachableError(f"{address} is no page of metrics: {error}") from error
