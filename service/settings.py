"""The service's settings, from the environment (`POSEWIRE_*`) and the command line."""

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_MODEL = Path(__file__).resolve().parents[1] / "weights" / "utkinect.onnx"
"""The artifact that the repository ships."""


class Settings(BaseSettings):
    """Everything that can be set; each is `POSEWIRE_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="POSEWIRE_", extra="forbid", allow_inf_nan=False)

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one"
    )
    model: Path = Field(default=DEFAULT_MODEL, description="artifact to serve, an .onnx file")
    threads: int = Field(default=2, ge=1, le=256, description="windows inferred at the same time")
    message_bytes: int = Field(
        default=1 << 20, ge=1 << 10, le=8 << 20, description="largest message of keypoints, bytes"
    )
    people: int = Field(default=16, ge=1, le=256, description="most people in a message")
    rate_hz: float = Field(
        default=60, gt=0, le=240, description="most answers a second to a live client"
    )
    hello_s: float = Field(
        default=10, gt=0, le=86400, description="seconds that a client has to say hello"
    )
    idle_s: float = Field(
        default=60, gt=0, le=86400, description="seconds of silence after which a client is closed"
    )
    send_s: float = Field(
        default=10, gt=0, le=86400, description="seconds that a client may take to read an answer"
    )


def load_settings(**overrides: object) -> Settings:
    """Reads the settings; what is given here and not None stands above the environment.

    Raises:
        ValueError: a setting has a value that it cannot have; the message is one sentence.
    """
    given: dict[str, Any] = {k: v for k, v in overrides.items() if v is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise ValueError(
            f"the setting POSEWIRE_{name} is wrong: {first['msg']}, got {first['input']!r}"
        ) from None
