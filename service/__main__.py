"""The service's commands: `python -m service serve`, `doctor`, `poses` and what prepares them."""

import argparse
import gc
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from model.pose.command_line import UNUSABLE, Parser
from service import logs, poses
from service.app import create_app
from service.asyncapi import document
from service.doctor import examine
from service.models import open_engine
from service.page_runtime import DEFAULT_RUNTIME, ensure_page_runtime
from service.pose_model import DEFAULT_POSE_MODEL, ensure_pose_model
from service.server import address_of, bind, server
from service.settings import Settings, load_settings


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "asyncapi":
        print(document(), end="")
        return 0
    try:
        if options.command == "poses":
            return poses.run(options, load_settings().pose_model or DEFAULT_POSE_MODEL)
        if options.command == "pose-model":
            return _made(ensure_pose_model, options.out, as_json=options.json)
        if options.command == "page-runtime":
            return _made(ensure_page_runtime, options.out, as_json=options.json)
        settings = load_settings(host=options.host, port=options.port, model=options.model)
        if options.command == "doctor":
            return _doctor(settings, as_json=options.json)
        return _serve(settings)
    except ValueError as error:
        print(f"posewire: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return 0


def _serve(settings: Settings) -> int:
    # SIGTERM stops as Ctrl+C does: uvicorn raises the signal once more when it has stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logs.configure(settings)
    engine = open_engine(settings.model, settings)
    try:
        with bind(settings) as taken:
            app = create_app(engine, settings)
            running = server(app, settings)
            address = address_of(taken)
            secure = "s" if settings.tls_certificate else ""
            print(
                f"posewire serves {engine.spec.name} {engine.spec.version} "
                f"({', '.join(engine.providers)})\n"
                f"  page    http{secure}://{address}/\n"
                f"  stream  ws{secure}://{address}/v1/stream",
                flush=True,
            )
            # What is there now stays for good: where the collector looked at all of it again,
            # every stream would wait for tens of milliseconds.
            gc.collect()
            gc.freeze()
            running.run(sockets=[taken])
    finally:
        engine.close()
    return 0


def _doctor(settings: Settings, *, as_json: bool) -> int:
    report = examine(settings)
    print(json.dumps(report.as_dict()) if as_json else "\n".join(report.lines(settings)))
    return 1 if report.problems else 0


def _made(ensure: Callable[[Path], bool], path: Path, *, as_json: bool) -> int:
    try:
        made = ensure(path)
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from None
    print(f"{path} {'is made' if made else 'is there already'}")
    if as_json:
        print(json.dumps({"path": str(path), "made": made}))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    descriptions = {
        "serve": "Serves an artifact until it is interrupted.",
        "doctor": "Says what is here and what stands in the way; exit 1 where something does.",
    }
    for name, description in descriptions.items():
        command = commands.add_parser(name, help=description, description=description)
        for setting, kind in (("host", str), ("port", int), ("model", Path)):
            field = Settings.model_fields[setting]
            command.add_argument(
                f"--{setting}",
                type=kind,
                help=f"{field.description} (default {field.default}; POSEWIRE_{setting.upper()})",
            )
        if name == "doctor":
            command.add_argument("--json", action="store_true", help="one machine-readable line")
    description = "Writes the poses of videos as recordings, as the service would see them."
    poses.add_arguments(commands.add_parser("poses", help=description, description=description))
    prepared = {
        "pose-model": ("Puts the pose model together from its package", DEFAULT_POSE_MODEL),
        "page-runtime": ("Fetches what the page finds poses with", DEFAULT_RUNTIME),
    }
    for name, (what, place) in prepared.items():
        description = f"{what}, unless it is there."
        command = commands.add_parser(name, help=description, description=description)
        command.add_argument("--out", type=Path, default=place, help="where (default %(default)s)")
        command.add_argument("--json", action="store_true", help="one machine-readable line")
    commands.add_parser(
        "asyncapi", help="print the description of the socket, which is docs/asyncapi.yaml"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
