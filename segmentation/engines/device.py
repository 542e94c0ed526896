"""Which device networks run on, in which precision, and how their threads wait."""

import os

from remnant.core.errors import InputError


def chosen_device(device: str) -> str:
    """Return ``cuda``, ``mps`` or ``cpu``; ``auto`` takes the first of them that is there."""
    _sleep_while_waiting()
    if device == "cpu":
        return device
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    usable = [name for name, present in there.items() if present] + ["cpu"]
    if device == "auto":
        return usable[0]
    if device not in usable:
        raise InputError(f"device {device!r} is not available; here: auto, {', '.join(usable)}")
    return device


def _sleep_while_waiting() -> None:
    """Let threads that wait for each other sleep, unless the user decided how they wait.

    A network's steps are short. Where other programs want the processor, threads that wait awake
    keep the very threads from running that they wait for. It counts when torch is first loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def named_device(device: str) -> str:
    """Return what a report records: ``cpu``, or ``cpu (in bfloat16)``."""
    from models.networks.loading import fast_precision, usual_precision

    precision = fast_precision(device)
    if precision == usual_precision(device):
        return device
    return f"{device} (in {str(precision).removeprefix('torch.')})"
