"""The page of licences: docs/licences.md, made from what is installed, locked and listed."""

from collections.abc import Sequence
from pathlib import Path

from release.shipped import (
    Component,
    fetched_components,
    page_components,
    python_components,
    weights,
)

PAGE = Path("docs") / "licences.md"

_HEAD = """\
# Licences of what ships

posewire itself is [Apache-2.0](../LICENSE). This page is made by `python -m release licences`, and
a test holds it to what is installed and locked. A licence stands here as the package's own metadata
states it.
"""

_PYTHON = """\
## The service's environment

What the CPU image has in Python, x86-64. The GPU image has `onnxruntime-gpu` (MIT) in the place of
`onnxruntime`, and NVIDIA's CUDA, cuDNN and TensorRT, each under NVIDIA's own terms, which whoever
builds that image accepts. Each image lists what of Python is in it, licence texts included, in
`/opt/posewire/sbom.cdx.json`, and has the licences of Debian's packages in
`/usr/share/doc/*/copyright`.

The wheel of `opencv-contrib-python` carries FFmpeg (LGPL 2.1) and Qt 5 (LGPL 3) as shared
libraries, with their licences in its `LICENSE-3RD-PARTY.txt`; `tqdm` is MPL 2.0 in part. None of
them is changed.

The package `posewire-client` asks for `msgspec` and `websockets` of these, and for `opencv-python`
(Apache 2.0) with its extra `camera`.
"""

_WEB = """\
## The page

What `service/page` is bundled from; the npm package `@posewire/client` asks for `@msgpack/msgpack`
of these. The font's licence lies beside it in `service/page/assets`.
"""

_FETCHED = """\
## Fetched at set-up

Files of these lie in the images and not in the repository: MediaPipe's pose model (detector and
landmarks), and the WebAssembly that a browser finds poses with.
"""

_WEIGHTS = """\
## Weights

Under the terms of the data that they were trained on. Their cards: `docs/everyday.md`,
`weights/utkinect.md`.
"""


def licences(root: Path) -> str:
    """Returns the page for a repository.

    Raises:
        ReleaseError: something ships that is not installed, or states no licence.
        ArtifactError: the manifest of the weights cannot be read.
    """
    return "\n".join(
        [
            _HEAD,
            _PYTHON,
            _table(python_components(root), "licence"),
            _WEB,
            _table(page_components(root), "licence"),
            _FETCHED,
            _table(fetched_components(), "licence"),
            _WEIGHTS,
            _table(weights(root), "terms"),
        ]
    )


def _table(components: Sequence[Component], heading: str) -> str:
    rows = [f"| {each.name} | {each.version} | {each.licence} |" for each in components]
    return "\n".join([f"| | version | {heading} |", "|---|---|---|", *rows, ""])
