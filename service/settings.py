"""The service's settings, from the environment (`POSEWIRE_*`) and the command line."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AnyHttpUrl, DirectoryPath, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEFAULT_MODEL = Path(__file__).resolve().parents[1] / "weights" / "everyday-s.onnx"
"""The artifact that the repository ships."""

PREFIX = "POSEWIRE_"

ELSEWHERE = ("POSEWIRE_IMAGE", "POSEWIRE_TOKEN")
"""Variables that docker-compose.yml and the client read; the service passes over them."""


class Settings(BaseSettings):
    """Everything that can be set; each is `POSEWIRE_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", allow_inf_nan=False
    )

    # Where, and what.
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one"
    )
    tls_certificate: Path | None = Field(
        default=None, description="certificate chain, a PEM file; with tls_key the service is TLS"
    )
    tls_key: Path | None = Field(default=None, description="private key of the certificate, PEM")
    model: Path = Field(default=DEFAULT_MODEL, description="artifact to serve, an .onnx file")
    models: DirectoryPath | None = Field(
        default=None, description="directory below which artifacts may be loaded while it runs"
    )
    manifest: Path | None = Field(
        default=None, description="manifest of the artifacts that are trusted; None trusts any"
    )
    engines: Path | None = Field(
        default=None, description="directory that keeps TensorRT's engines; None keeps none"
    )
    taught: Path | None = Field(
        default=None, description="SQLite file of what is taught; None keeps it in memory"
    )
    record: Path | None = Field(
        default=None, description="directory into which every session is recorded; None keeps none"
    )
    redis_url: str | None = Field(
        default=None, description="Redis that keeps lost sessions for other processes to resume"
    )

    # How windows and pictures are computed.
    threads: int = Field(default=2, ge=1, le=256, description="windows inferred at the same time")
    batch_windows: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="most windows of all sessions in one run; None is what suits the provider",
    )
    batch_wait_ms: float | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="longest that a window waits for others, ms; None is what suits the provider",
    )
    pose_model: Path | None = Field(
        default=None, description="pose model for pictures, a .task file; None is the one set up"
    )
    pose_workers: int = Field(
        default=2, ge=1, le=64, description="processes that find poses in pictures"
    )

    # Who may connect.
    tokens: Path | None = Field(
        default=None, description="file of tokens, one a line, of whom may stream; None is anybody"
    )
    admin_tokens: Path | None = Field(
        default=None, description="file of tokens of whom may change models; None is nobody"
    )
    insecure: bool = Field(
        default=False, description="whether other machines may stream without a token"
    )
    origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins of pages, by commas, allowed beside the service's own"
    )
    sessions: int = Field(default=256, ge=1, le=65536, description="most sessions at a time")
    sessions_per_token: int = Field(
        default=64, ge=1, le=65536, description="most sessions at a time with the same token"
    )

    # What one client may send.
    message_bytes: int = Field(
        default=1 << 20, ge=1 << 10, le=8 << 20, description="largest message of keypoints, bytes"
    )
    image_bytes: int = Field(
        default=4 << 20, ge=1 << 10, le=8 << 20, description="largest message of a picture, bytes"
    )
    image_pixels: int = Field(
        default=4096 * 2304, ge=1 << 10, le=1 << 26, description="largest picture, pixels"
    )
    recording_bytes: int = Field(
        default=16 << 20, ge=1 << 10, le=1 << 30, description="largest recording posted, bytes"
    )
    people: int = Field(default=16, ge=1, le=256, description="most people in a message")
    rate_hz: float = Field(
        default=60, gt=0, le=240, description="most answers a second to a live client"
    )
    taught_actions: int = Field(
        default=20, ge=0, le=10_000, description="most actions in one set of taught ones"
    )
    taught_sets: int = Field(
        default=100, ge=0, le=10_000, description="most named sets of taught actions"
    )

    # How long it is waited for.
    hello_s: float = Field(
        default=10, gt=0, le=86400, description="seconds that a client has to say hello"
    )
    idle_s: float = Field(
        default=60, gt=0, le=86400, description="seconds of silence after which a client is closed"
    )
    send_s: float = Field(
        default=10, gt=0, le=86400, description="seconds that a client may take to read an answer"
    )
    waiting_messages: int = Field(
        default=64, ge=1, le=65536, description="most messages that wait for a slow client"
    )
    ping_s: float = Field(
        default=20, gt=0, le=86400, description="seconds between pings, and to answer one"
    )
    resume_s: float = Field(
        default=30, ge=0, le=86400, description="seconds for which a lost session can be resumed"
    )
    drain_s: float = Field(
        default=10, ge=0, le=3600, description="seconds that sessions have to end when it stops"
    )

    otlp_url: AnyHttpUrl | None = Field(
        default=None, description="collector that is told traces, OTLP over HTTP; None tells nobody"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="how logs are written")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="what is logged: this and what weighs more"
    )

    @field_validator("origins", mode="before")
    @classmethod
    def _by_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip().rstrip("/").lower() for part in value.split(",") if part.strip())

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", origin):
                raise PydanticCustomError(
                    "origin", "an origin is scheme://host or scheme://host:port"
                )
        return value


def load_settings(**overrides: object) -> Settings:
    """Reads the settings; what is given here and not None stands above the environment.

    Raises:
        ValueError: a setting has a value that it cannot have, or a variable of the environment is
            named like a setting and is none; the message is one sentence.
    """
    for variable in os.environ:
        if variable.startswith(PREFIX):
            _check_named(variable)
    given: dict[str, Any] = {k: v for k, v in overrides.items() if v is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        raise ValueError(
            f"the setting {PREFIX}{name} is wrong: {first['msg']}, got {first['input']!r}"
        ) from None
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ValueError(
            f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY are given both or neither, got only one"
        )
    return settings


def _check_named(variable: str) -> None:
    names = [PREFIX + name.upper() for name in Settings.model_fields]
    if variable.upper() not in (*names, *ELSEWHERE):
        close = get_close_matches(variable.upper(), names, n=1)
        meant = f"; {close[0]} is one" if close else ""
        raise ValueError(f"the environment has {variable}, which is no setting{meant}")
