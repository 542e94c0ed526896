"""Training of a shipped model, and what to say about its result."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.catalog import model_info
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.progress import Progress, silent
from remnant.core.units import percent_from_fraction
from remnant.pipeline.results import require_writable
from segmentation.couinaud.shape_model import MODEL

if TYPE_CHECKING:
    from segmentation.training.scores import LiverScore


def train_model(
    model: str,
    *,
    data: Path,
    output: Path,
    recipe: Path | None,
    start: Path | None = None,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Train a model and return the lines that tell how it scored.

    Raises
    ------
    InputError
        The model is unknown or not trained here, or data, recipe or folder cannot be used.
    """
    if model_info(model).id != MODEL:
        raise InputError(
            f"{model} cannot be trained here: its data is not published; allowed is {MODEL}"
        )
    if output.exists() and not output.is_dir():
        raise InputError(f"output {output} is a file; name a folder")
    require_writable(output)
    from segmentation.training.produce import produce

    trained = produce(data, output, recipe_file=recipe, start=start, progress=progress)
    lines = (_line(split, scores) for split, scores in trained.scores.items())
    return (*lines, f"written to {output}")


def _line(split: str, scores: "Sequence[LiverScore]") -> str:
    from segmentation.training.scores import PARTS, mean_scores

    dice, errors = mean_scores(scores)
    by_segment = ", ".join(
        f"{s.name} {value:.3f}" for s, value in zip(CouinaudSegment, dice, strict=True)
    )
    shares = ", ".join(
        f"{part} {percent_from_fraction(error):.1f}"
        for part, error in zip(PARTS, errors, strict=True)
    )
    return (
        f"{split} ({len(scores)} livers): mean Dice {dice.mean():.3f} ({by_segment}); "
        f"mean error of the share of the liver in points: {shares}"
    )
