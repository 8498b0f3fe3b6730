"""Learns weights: readers of raw recordings, prepared stores, training, evaluation."""

import os

# ONNX Runtime reports its use to its makers unless told not to before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
