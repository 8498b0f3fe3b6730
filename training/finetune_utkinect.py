"""``finetune utkinect``: the models that are shipped, and their baselines.

It is ``finetune frames`` on UTKinect's subjects; subject 9 chooses.
"""

import argparse

from training.arguments import add_store
from training.dense_recordings import utkinect_recordings
from training.finetune_frames import add_dense_arguments, run_dense
from training.splits import open_utkinect


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``finetune utkinect`` can be told."""
    parser.description = (
        "Trains models that label every frame, on subjects 1, 3, 5 and 7; subject 9 chooses. A run "
        "that was interrupted is taken up where it was."
    )
    add_store(parser)
    add_dense_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    return run_dense(args, lambda: utkinect_recordings(open_utkinect(args.store)))
