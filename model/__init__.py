"""What a pose is (`model.pose`, NumPy), and what the network computes of it (`model.network`).

One axis vocabulary holds everywhere: B batch, C channels, T frames, V joints, M persons, D hidden
size, K labels.
"""

import os

# ONNX Runtime reports its use to its makers unless told not to before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
