"""Tokens: a file of secrets, several valid at a time, read again whenever it changes.

A line is a token, or `name: token`; what follows `#` is a comment. A name stands in logs and in
counts where its token never does; two tokens of one name are how one is rotated.
"""

import hmac
import logging
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

log = logging.getLogger("posewire.tokens")

SHORTEST = 16
"""Characters; a shorter token could be guessed."""

_LINE = re.compile(r"(?:(?P<name>[\w.-]{1,40}):\s*)?(?P<token>[A-Za-z0-9._~+/=-]+)")


@dataclass(frozen=True)
class Tokens:
    """Tokens of one moment.

    Attributes:
        hashes: SHA-256 of each token, so that all are compared at one length.
        names: whose each is.
    """

    hashes: tuple[bytes, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, source: str) -> "Tokens":
        """Reads a file's text; `source` names it in errors.

        Raises:
            ValueError: a line is no token, one is too short or given twice, or there is none.
        """
        hashes: list[bytes] = []
        names: list[str] = []
        for number, line in enumerate(text.splitlines(), 1):
            entry = line.partition("#")[0].strip()
            if not entry:
                continue
            found = _LINE.fullmatch(entry)
            # The sentences never repeat the line: it may hold a secret.
            if found is None:
                raise ValueError(
                    f"{source}, line {number}: expected TOKEN or NAME: TOKEN, where a token has "
                    "letters, digits and any of ._~+/=-"
                )
            token = found["token"]
            if len(token) < SHORTEST:
                raise ValueError(
                    f"{source}, line {number}: a token has at least {SHORTEST} characters, this "
                    f"one {len(token)}"
                )
            if _hash(token) in hashes:
                raise ValueError(f"{source}, line {number}: this token stands there twice")
            hashes.append(_hash(token))
            names.append(found["name"] or f"line-{number}")
        if not hashes:
            raise ValueError(f"{source}: expected a token a line, there is none")
        return cls(tuple(hashes), tuple(names))

    def name_of(self, offered: str) -> str | None:
        """Returns whose token this is, None where nobody's; takes as long either way."""
        offered_hash = _hash(offered)
        name = None
        for known, its_name in zip(self.hashes, self.names, strict=True):
            if hmac.compare_digest(known, offered_hash):
                name = its_name
        return name


class TokenFile:
    """A file of tokens that may change while it is used.

    What it becomes when it can no longer be read is said in the log, and the tokens that were last
    read stay valid: half a rotation locks nobody out.

    Args:
        path: the file.

    Raises:
        ValueError: it cannot be read; the message is one sentence.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stamp()
        self._tokens = self._read()

    def name_of(self, offered: str) -> str | None:
        """Returns whose token this is, None where nobody's."""
        if (stamp := self._stamp()) != self._seen:
            self._seen = stamp
            try:
                self._tokens = self._read()
                log.info("tokens were read again")
            except ValueError as error:
                log.error("tokens stay as they were: %s", error)
        return self._tokens.name_of(offered)

    def _stamp(self) -> tuple[int, ...] | None:
        """What differs once the file was changed or replaced; None where there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> Tokens:
        try:
            text = self._path.read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"{self._path}: no tokens can be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"{self._path}: tokens are text, this file is not UTF-8") from None
        return Tokens.parse(text, str(self._path))


def _hash(token: str) -> bytes:
    # A token that came over the wire may hold half a surrogate pair.
    return sha256(token.encode(errors="surrogatepass")).digest()
