"""Packages of the npm registry: fetched once, at set-up, and held to their hashes.

They come through `npm` where that is installed and so as its configuration
says, else over HTTPS from the registry that `npm_config_registry` names. Nothing of it is run.
"""

import base64
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

REGISTRY = "https://registry.npmjs.org"
REGISTRY_VARIABLE = "npm_config_registry"
"""npm's own variable; used here where npm is missing."""

LONGEST_S = 300.0
LARGEST_BYTES = 64 << 20


class PackageError(ValueError):
    """The package cannot be had, or is not the one expected; the message is one sentence."""


@dataclass(frozen=True)
class Package:
    """A version of a package, whose bytes are known.

    Attributes:
        name: with its scope.
        version: the only one.
        integrity: what the registry says of it, so that no other bytes pass for it.
        carries: what it is fetched for, in the sentence that says that it cannot be had.
    """

    name: str
    version: str
    integrity: str
    carries: str

    def fetch(self) -> bytes:
        """Returns the package, a gzipped tar.

        Raises:
            PackageError: it cannot be fetched, or what came has another hash.
        """
        return self.checked(self._by_npm() if shutil.which("npm") else self._by_https())

    def checked(self, package: bytes) -> bytes:
        """Returns the package again if it is the one that was pinned.

        Raises:
            PackageError: it is not.
        """
        found = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()
        if found != self.integrity:
            raise PackageError(
                f"{self} should have the hash {self.integrity[:24]}…, what came has {found[:24]}…"
            )
        return package

    def members(self, package: bytes, names: Iterable[str]) -> list[bytes]:
        """Returns files of a checked package by their names in it.

        Raises:
            PackageError: it holds no such file.
        """
        contents = []
        with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
            for name in names:
                try:
                    member = archive.extractfile(f"package/{name}")
                except KeyError:
                    member = None
                if member is None:
                    raise PackageError(f"{self} holds no file {name}")
                contents.append(member.read())
        return contents

    def _by_npm(self) -> bytes:
        with tempfile.TemporaryDirectory() as place:
            command = ["npm", "pack", str(self), "--silent", "--pack-destination", place]
            try:
                subprocess.run(
                    command,
                    cwd=place,
                    check=True,
                    capture_output=True,
                    text=True,
                    timeout=LONGEST_S,
                )
            except subprocess.TimeoutExpired:
                raise self._unreachable(f"npm did not answer within {LONGEST_S:.0f} s") from None
            except subprocess.CalledProcessError as error:
                said = error.stderr.strip().splitlines()
                reason = said[0] if said else f"npm ended with {error.returncode}"
                raise self._unreachable(reason) from None
            return next(Path(place).glob("*.tgz")).read_bytes()

    def _by_https(self) -> bytes:
        registry = os.environ.get(REGISTRY_VARIABLE, REGISTRY).rstrip("/")
        if not registry.startswith("https://"):
            raise PackageError(f"{REGISTRY_VARIABLE} is an https:// address, got {registry!r:.100}")
        stem = self.name.rpartition("/")[2]
        address = f"{registry}/{self.name}/-/{stem}-{self.version}.tgz"
        try:
            with urllib.request.urlopen(address, timeout=LONGEST_S) as answer:
                content: bytes = answer.read(LARGEST_BYTES)
        except (OSError, urllib.error.URLError) as error:
            raise self._unreachable(str(getattr(error, "reason", error))) from None
        return content

    def _unreachable(self, reason: str) -> PackageError:
        return PackageError(
            f"{self.carries} comes from {self} of the npm registry, which cannot be fetched: "
            f"{reason}"
        )

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"
