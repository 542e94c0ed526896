"""The change of a figure between two scans, with the measurement errors of both.

The errors of the two scans are taken as independent of each other. Where both maps come from the
same network or the same reader, part of the error is the same in both and cancels: the interval
of a change is then too wide rather than too narrow.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from remnant.core.comparison import Change
from remnant.core.quantity import Interval, Quantity, UncertaintyPart, loose_ends
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.volumetry_report import VolumetryReport
from volumetry.uncertainty.intervals import sample_interval, varying
from volumetry.uncertainty.joint_draws import Draws, Sample, Spread, spread

SEEDS = 2**32


def paired_spreads(before: VolumetryReport, after: VolumetryReport) -> tuple[Spread, Spread]:
    """Draw the volumes of two scans of one liver independently of each other."""
    draws = before.error_model.draws
    second = replace(after, error_model=replace(after.error_model, draws=draws))
    first_seed, second_seed = seeds(before, after)
    return spread(before, seed=first_seed), spread(second, seed=second_seed)


def seeds(before: VolumetryReport, after: VolumetryReport) -> tuple[int, int]:
    """Return the seeds of two scans: their own, the second one's moved on where they are equal."""
    first, second = distinct_seeds((before, after))
    return first, second


def distinct_seeds(reports: Iterable[VolumetryReport]) -> tuple[int, ...]:
    """Return the seeds of scans: their own, moved on where an earlier scan has it."""
    taken: dict[int, None] = {}
    for report in reports:
        seed = report.error_model.seed
        while seed in taken:
            seed = (seed + 1) % SEEDS
        taken[seed] = None
    return tuple(taken)


def paired_interval(
    before: Spread, after: Spread, figure: Callable[[Draws, Draws], Sample]
) -> Interval | None:
    """Return the interval of a figure of two scans; ``None`` where it does not vary."""
    alone = {part: figure(before.alone[part], after.alone[part]) for part in before.alone}
    return varying_interval(figure(before.whole, after.whole), alone)


def varying_interval(whole: Sample, alone: Mapping[UncertaintyPart, Sample]) -> Interval | None:
    """Return the interval of draws; ``None`` where no error that is modelled changes them."""
    return varying(sample_interval(whole, alone))


def change_of(
    before: Quantity,
    after: Quantity,
    *,
    difference: Interval | None = None,
    fraction: Interval | None = None,
    note: tuple[Reason, ...] = (),
) -> Change:
    """Return the change between two measured figures.

    A figure that one scan cuts bounds the change on one side; what could be wrong in both
    directions is indicative. Without one of the two there is no change, with its reason.

    Parameters
    ----------
    before, after
        The figure at each scan, in one unit.
    difference, fraction
        Intervals of ``after − before`` and of that over ``before``.
    note
        How both must be read, beside the reasons of the two figures.
    """
    return Change(
        before=before,
        after=after,
        difference=combined(before, after, lambda b, a: a - b, interval=difference, note=note),
        fraction=relative_change(before, after, interval=fraction, note=note),
    )


def relative_change(
    before: Quantity,
    after: Quantity,
    *,
    interval: Interval | None = None,
    note: tuple[Reason, ...] = (),
) -> Quantity:
    """Return ``(after − before) / before``; absent where there was nothing before."""
    if before.value == 0.0:
        return Quantity.absent(reason(Cause.ZERO_BEFORE))
    return combined(before, after, lambda b, a: (a - b) / b, interval=interval, note=note)


def combined(
    before: Quantity,
    after: Quantity,
    figure: Callable[[float, float], float],
    *,
    interval: Interval | None = None,
    note: tuple[Reason, ...] = (),
) -> Quantity:
    """Return a figure that rises with ``after`` and falls with ``before``, bounds kept."""
    reasons = joined(_of_scans(before, after), note)
    if before.value is None or after.value is None:
        return Quantity(None, reasons=reasons)
    bound, indicative = loose_ends(before, after)
    return Quantity(
        figure(before.value, after.value),
        interval=interval,
        bound=bound,
        indicative=indicative,
        reasons=reasons,
    )


def multiplied(quantity: Quantity, factor: float) -> Quantity:
    """Return a quantity times a number above 0, its interval too."""
    if quantity.value is None:
        return quantity
    around = None if quantity.interval is None else quantity.interval.scaled(factor)
    return replace(quantity, value=quantity.value * factor, interval=around)


def _of_scans(before: Quantity, after: Quantity) -> tuple[Reason, ...]:
    """Return the reasons of two figures, by the scan that they are about."""
    if before.reasons == after.reasons:
        about = {Cause.BOTH_SCANS: before.reasons}
    else:
        about = {Cause.FIRST_SCAN: before.reasons, Cause.SECOND_SCAN: after.reasons}
    return tuple(reason(scan, because=because) for scan, because in about.items() if because)
