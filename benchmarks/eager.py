"""PyTorch eager: the network of an artifact, called for each frame, as a peer to the service.

Only the network's own time is counted, nothing of windows, sockets or messages.
"""

import hashlib
import time
from pathlib import Path

from model.pose.artifact import ArtifactSpec

CALLS = 200


class Missing(Exception):
    """It cannot be measured here; the message is one sentence that says why."""


def eager_cpu_ms(checkpoint: Path, spec: ArtifactSpec) -> float:
    """Returns the processor time of one window in PyTorch eager on one core, in milliseconds.

    Args:
        checkpoint: from which the artifact was exported.
        spec: the artifact's.

    Raises:
        Missing: torch is not installed, or the checkpoint is missing or of another network.
    """
    try:
        import torch

        from benchmarks.one_thread import one_thread
        from model.network.checkpoint import load_checkpoint
        from model.network.weights import CheckpointError
    except ImportError:
        raise Missing("PyTorch eager is not measured: torch is not installed") from None
    try:
        found = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
        network = load_checkpoint(checkpoint).network.eval()
    except (OSError, CheckpointError) as error:
        raise Missing(f"PyTorch eager is not measured: {error}") from None
    if found != spec.provenance.checkpoint_sha256:
        raise Missing(
            f"PyTorch eager is not measured: {spec.name} was not exported from {checkpoint}"
        )
    clip = torch.randn(1, 3, spec.frames, len(spec.joints), spec.persons)
    with one_thread(), torch.inference_mode():
        for _ in range(CALLS // 10):
            network(clip)
        begun_s = time.process_time()
        for _ in range(CALLS):
            network(clip)
    return 1000 * (time.process_time() - begun_s) / CALLS
