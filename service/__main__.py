"""The service's commands: `python -m service serve`, `doctor` and `asyncapi`."""

import argparse
import json
import signal
import sys
from pathlib import Path

from model.pose.command_line import UNUSABLE, Parser
from service.app import create_app
from service.asyncapi import document
from service.doctor import examine
from service.engine import OnnxEngine
from service.server import address_of, bind, serve
from service.settings import Settings, load_settings


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "asyncapi":
        print(document(), end="")
        return 0
    try:
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
    engine = OnnxEngine(settings.model, settings.threads)
    try:
        with bind(settings) as taken:
            address = address_of(taken)
            print(
                f"posewire serves {engine.spec.name} {engine.spec.version} "
                f"({', '.join(engine.providers)})\n"
                f"  page    http://{address}/\n"
                f"  stream  ws://{address}/v1/stream",
                flush=True,
            )
            serve(create_app(engine, settings), taken)
    finally:
        engine.close()
    return 0


def _doctor(settings: Settings, *, as_json: bool) -> int:
    report = examine(settings)
    print(json.dumps(report.as_dict()) if as_json else "\n".join(report.lines(settings)))
    return 1 if report.problems else 0


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
    commands.add_parser(
        "asyncapi", help="print the description of the socket, which is docs/asyncapi.yaml"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
