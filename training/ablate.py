"""``python -m training ablate``: NW-UCLA by the method without one of its parts at a time.

It knows flags, order and what is printed; a trial is `training.trials`'.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from model.pose.store import PoseStore
from training.ablation import VARIANTS
from training.arguments import (
    add_directory,
    add_json,
    add_run_directory,
    add_store,
    positive,
    seed,
)
from training.clip_evaluation import EXPECTED_ERRORS
from training.devices import DeviceError, ThisMachine, choose_devices
from training.trials import Trial, Trials


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``ablate`` can be told."""
    parser.description = (
        "Pretrains each variant of the method on NW-UCLA's training cameras, and measures its "
        "frozen features; all variants with one seed before the next. A trial that was interrupted "
        "is taken up, one that is done is skipped."
    )
    add_store(parser, "prepared store of NW-UCLA")
    add_run_directory(parser, "begin trials that are not done anew")
    add_directory(parser, "--results", "of what was found")
    parser.add_argument(
        "--seeds", metavar="N", type=seed, nargs="+", default=[1, 2, 3], help="a trial each"
    )
    parser.add_argument("--epochs", metavar="N", type=positive, default=100, help="of every trial")
    parser.add_argument(
        "--only",
        metavar="NAME",
        choices=VARIANTS,
        nargs="+",
        default=argparse.SUPPRESS,
        help=f"these variants, of {', '.join(VARIANTS)} (default: all)",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    only = getattr(args, "only", VARIANTS)
    named = [
        Trial(variant, number)
        for number in dict.fromkeys(args.seeds)
        for variant in VARIANTS
        if variant in only
    ]
    try:
        devices = choose_devices(ThisMachine())
        trials = Trials(PoseStore(args.store), args.out, args.results, args.epochs, devices)
        remaining = [trial for trial in named if not trials.done(trial)]
        for place, trial in enumerate(remaining):
            print(_remain(remaining[place:]), flush=True)
            print(trials.run(trial, args.restart), flush=True)
    except (*EXPECTED_ERRORS, DeviceError) as error:
        print(f"ablate: {error}", file=sys.stderr)
        return 2
    skipped = len(named) - len(remaining)
    print(f"{len(named)} trials are done, {skipped} of them were before")
    if args.json:
        print(json.dumps({"done": len(named), "skipped": skipped}))
    return 0


def _remain(trials: Sequence[Trial]) -> str:
    return f"{len(trials)} remain: {'; '.join(map(str, trials))}"
