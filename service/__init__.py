"""Serves artifacts: poses in over a websocket, labels out; knows no torch."""

import os

# ONNX Runtime reports its use to its makers unless told not to before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
