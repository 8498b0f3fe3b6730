"""The package: what the service drags in, and whose `service` and `model` it is."""

import json
import subprocess
import sys
from pathlib import Path

from tests.service.process import ROOT

LOOK = """
import json, sys
import model, service.__main__
print(json.dumps([model.__file__, service.__file__, sorted(sys.modules)]))
"""


def test_the_service_knows_no_torch() -> None:
    """Importing all of the service brings in neither torch nor what trains and exports.

    Both packages that it needs lie in this repository.
    """
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours, served, modules = json.loads(done.stdout)
    assert Path(ours).is_relative_to(ROOT)
    assert Path(served).is_relative_to(ROOT)
    heavy = {"torch", "onnx", "lightning", "scipy", "training", "export"}
    assert heavy.isdisjoint(name.partition(".")[0] for name in modules)
    assert "model.network" not in modules
