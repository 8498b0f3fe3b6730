"""The page's runtime: what a browser finds poses with, WebAssembly, fetched once at set-up.

It is too large for the repository, and nothing in it is changed.
"""

from pathlib import Path

from service.npm_package import Package

PACKAGE = Package(
    "@mediapipe/tasks-vision",
    "1.1.0",
    "sha512-ZJqh0wMKOINorfSffvDAxzyO1//c+FiG3IkzOdNDnLqvBB3DbMfj0bB/tys2SNf9S914sgoIbIpF4HTOi336cg==",
    "the pose runtime of browsers",
)

FILES = (
    "vision_wasm_internal.js",
    "vision_wasm_internal.wasm",
    "vision_wasm_nosimd_internal.js",
    "vision_wasm_nosimd_internal.wasm",
)

DEFAULT_RUNTIME = Path(__file__).resolve().parents[1] / "weights" / "vision"
"""Where set-up puts it."""


def ensure_page_runtime(directory: Path) -> bool:
    """Puts the runtime's files into `directory`, unless they are there.

    Returns:
        Whether they had to be fetched.

    Raises:
        ValueError: the package cannot be fetched, or is another.
        OSError: a file cannot be written.
    """
    if all((directory / name).is_file() for name in FILES):
        return False
    contents = PACKAGE.members(PACKAGE.fetch(), [f"wasm/{name}" for name in FILES])
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in zip(FILES, contents, strict=True):
        part = directory / f".{name}.part"
        part.write_bytes(content)
        part.replace(directory / name)
    return True
