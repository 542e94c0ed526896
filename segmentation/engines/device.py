"""Which device networks run on, and in which precision."""

from remnant.core.errors import InputError


def chosen_device(device: str) -> str:
    """Return ``cuda``, ``mps`` or ``cpu``; ``auto`` takes the first of them that is there."""
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


def named_device(device: str) -> str:
    """Return what a report records: ``cpu``, or ``cpu (lesions in bfloat16)``."""
    from models.networks.loading import fast_precision, usual_precision

    precision = fast_precision(device)
    if precision == usual_precision(device):
        return device
    return f"{device} (lesions in {str(precision).removeprefix('torch.')})"
