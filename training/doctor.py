"""``python -m training doctor``: what there is to learn on, and whether it computes.

It changes nothing. What a CUDA host has to print is in `EXPECTED`, and in ``--help``.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version

import torch

from model.pose.figures import machine as processor
from training.arguments import HelpWithDefaults, add_json
from training.devices import (
    ACCELERATORS,
    Accelerator,
    DeviceError,
    Machine,
    ThisMachine,
    choose_devices,
)

LARGEST_DEVIATION = 0.01
"""Of a product in bfloat16, whose rounding is 2^-9 of a value, from that in float32."""

EXPECTED = """\
On a host with a CUDA device these lines must be among what is printed:
  cuda       1: NVIDIA H200; bfloat16 in hardware: yes
  runs on    cuda × 1, bf16-mixed
  all is well
with the number and name of its own devices. With --require cuda the exit status is then 0, and 1
on a host without."""


@dataclass
class Report:
    """What was found.

    Attributes:
        torch: Version of torch, and of Lightning.
        cpu: The processor, its cores, and whether it has bfloat16.
        cuda: Number and names of CUDA devices, and whether they have bfloat16.
        runs_on: What a run takes if it is told nothing.
        product: How far a product in bfloat16 on that device is from one in float32.
        problems: What stands in the way, a sentence each.
    """

    torch: str
    cpu: str
    cuda: str
    runs_on: str
    product: str
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report for a person, a finding a line."""
        return [
            f"torch      {self.torch}",
            f"cpu        {self.cpu}",
            f"cuda       {self.cuda}",
            f"runs on    {self.runs_on}",
            f"product    {self.product}",
            *(f"problem    {problem}" for problem in self.problems),
            "all is well" if not self.problems else f"{len(self.problems)} problem(s)",
        ]


def examine(
    machine: Machine,
    required: Accelerator | None,
    deviation: Callable[[Accelerator], float],
) -> Report:
    """Looks at a machine.

    Args:
        machine: Which.
        required: What has to be there, if anything.
        deviation: How far a product in bfloat16 is from one in float32, as a share, on a device.

    Raises:
        DeviceError: There are more processes than devices.
    """
    names = machine.cuda_names()
    devices = choose_devices(machine)
    found = deviation(devices.accelerator)
    bf16 = _said(machine.cuda_bf16())
    report = Report(
        torch=f"{torch.__version__}, lightning {version('lightning')}",
        cpu=f"{processor()}; bfloat16 faster than float32: {_said(machine.cpu_bf16())}",
        cuda=f"{len(names)}: {', '.join(names)}; bfloat16 in hardware: {bf16}" if names else "none",
        runs_on=str(devices),
        product=f"off by {100 * found:.2f} % in bfloat16 on {devices.accelerator}",
    )
    if not found < LARGEST_DEVIATION:
        report.problems.append(
            f"{devices.accelerator}: expected a product in bfloat16 within "
            f"{100 * LARGEST_DEVIATION:.0f} %, got {100 * found:.2f} %"
        )
    if required is not None:
        try:
            choose_devices(machine, required)
        except DeviceError as error:
            report.problems.append(str(error).replace("--accelerator", "--require"))
    return report


def product_deviation(accelerator: Accelerator) -> float:
    """How far a product in bfloat16 on a device is from one in float32 on the CPU, as a share."""
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, 256, 256, generator=generator)
    exact = left @ right
    product = left.to(accelerator, torch.bfloat16) @ right.to(accelerator, torch.bfloat16)
    return float((product.float().cpu() - exact).norm() / exact.norm())


class _HelpAsWritten(HelpWithDefaults, argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of `EXPECTED`."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``doctor`` can be told."""
    parser.description = (
        "Says what there is to learn on, and multiplies on it; exit 1 where something stands in "
        "the way."
    )
    parser.epilog = EXPECTED
    parser.formatter_class = _HelpAsWritten
    parser.add_argument(
        "--require", choices=ACCELERATORS, help="exit 1 where it is not here (default: nothing)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 1 where something stands in the way.

    It is 2, with one sentence, where torchrun has started what no run here could take.
    """
    try:
        report = examine(ThisMachine(), args.require, product_deviation)
    except DeviceError as error:
        print(f"doctor: {error}", file=sys.stderr)
        return 2
    print("\n".join(report.lines()))
    if args.json:
        print(json.dumps(asdict(report)))
    return 1 if report.problems else 0


def _said(flag: bool) -> str:
    return "yes" if flag else "no"
