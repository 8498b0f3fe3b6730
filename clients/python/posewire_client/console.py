"""Where lines go: results to stdout, progress to stderr, colour only on a terminal."""

import os
import time
from typing import TextIO

from posewire_client.counts import Counts
from posewire_client.lines import Summary, json_line, lines
from posewire_client.messages import ErrorMessage, Event, Message, Notice, Reconnecting

PROGRESS_AFTER_S = 2.0
PROGRESS_EVERY_S = 0.2

_ERASE_LINE = "\r\x1b[K"
_BOLD_GREEN, _YELLOW, _PLAIN = "\x1b[1;32m", "\x1b[33m", "\x1b[0m"


class Console:
    """Prints what comes, as lines for people or as JSON Lines.

    Args:
        out: Takes the messages, and the summary last.
        err: Takes the progress, if it is a terminal.
        as_json: JSON Lines in place of lines for people.
    """

    def __init__(self, out: TextIO, err: TextIO, *, as_json: bool) -> None:
        self._out = out
        self._err = err
        self._as_json = as_json
        self._colour = out.isatty() and not as_json and "NO_COLOR" not in os.environ
        self._shows_progress = err.isatty()
        self._progress_line = ""
        self._started_s = self._drawn_s = time.monotonic()

    def show(self, message: Message) -> None:
        """Print one message."""
        if self._as_json:
            self._print(json_line(message))
            return
        for line in lines(message):
            self._print(self._paint(line, message))

    def progress(self, fraction: float, counts: Counts) -> None:
        """Redraw the progress, now and then, once the work has taken a while."""
        now_s = time.monotonic()
        due = (
            now_s - self._started_s > PROGRESS_AFTER_S and now_s - self._drawn_s > PROGRESS_EVERY_S
        )
        if self._shows_progress and due:
            self._drawn_s = now_s
            self._progress_line = (
                f"{fraction:4.0%}  {counts.frames_sent} frames sent, "
                f"{counts.labels_received} labels, {counts.dropped} dropped"
            )
            self._err.write(_ERASE_LINE + self._progress_line)
            self._err.flush()

    def finish(self, summary: Summary) -> None:
        """Take the progress away and print the summary."""
        self._erase_progress()
        self._progress_line = ""
        self._print(json_line(summary) if self._as_json else summary.line())

    def _print(self, line: str) -> None:
        # Where both are one terminal, the progress stays below the lines.
        self._erase_progress()
        self._out.write(line + "\n")
        self._out.flush()
        if self._progress_line:
            self._err.write(self._progress_line)
            self._err.flush()

    def _erase_progress(self) -> None:
        if self._progress_line:
            self._err.write(_ERASE_LINE)
            self._err.flush()

    def _paint(self, line: str, message: Message) -> str:
        if not self._colour:
            return line
        match message:
            case Event():
                return f"{_BOLD_GREEN}{line}{_PLAIN}"
            case ErrorMessage() | Notice() | Reconnecting():
                return f"{_YELLOW}{line}{_PLAIN}"
        return line
