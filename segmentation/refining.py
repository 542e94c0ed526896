"""An engine whose lesions get borders from the network of boxes: the better, slower quality."""

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from remnant.core.findings import Finding
from remnant.core.labels import BINARY_SCHEME, STRUCTURE_SCHEME
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume, LabelMap
from segmentation.boxes.promptable import SlicePrompter
from segmentation.engines.findings import CORES_ALONE, volume_finding
from segmentation.lesions.borders import refined_lesions
from segmentation.lesions.outside import REACH_MM
from segmentation.liver.borders import refined_liver
from segmentation.port import (
    KnowsModels,
    PromptedSegmenter,
    Segmentation,
    StepwiseSegmenter,
    with_liver,
)
from segmentation.postprocess import reconcile


@runtime_checkable
class RefinableEngine(StepwiseSegmenter, PromptedSegmenter, KnowsModels, Protocol):
    """What an engine must do so that its outlines can be refined."""


@dataclass(slots=True, eq=False)
class RefiningSegmenter:
    """Segmenter that refines what another one found; see `segmentation.port`.

    Parameters
    ----------
    engine
        Finds liver and lesions, and outlines boxes.
    """

    engine: RefinableEngine
    _held: tuple[ImageVolume, SlicePrompter] | None = field(default=None, init=False)
    _stack: ExitStack = field(default_factory=ExitStack, init=False)

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """All networks that take part, installed or not."""
        return (*self.engine.models, *self.engine.prompter_models)

    @property
    def prompter_models(self) -> tuple[ModelUse, ...]:
        """See `segmentation.port.PromptedSegmenter`."""
        return self.engine.prompter_models

    @property
    def device_name(self) -> str:
        """See `segmentation.port.PromptedSegmenter`."""
        return self.engine.device_name

    def prompter(
        self, image: ImageVolume, *, scratch: Path | None = None, progress: Progress = silent
    ) -> AbstractContextManager[SlicePrompter]:
        """See `segmentation.port.PromptedSegmenter`."""
        return self.engine.prompter(image, scratch=scratch, progress=progress)

    def segment(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment an image; see `segmentation.port.Segmenter`."""
        liver = self.segment_liver(image, progress=progress)
        return with_liver(self.segment_lesions(image, liver.structures, progress=progress), liver)

    def segment_liver(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Segment the liver alone, and refine its border."""
        found = self.engine.segment_liver(image, progress=progress)
        prompter = self._asked(image, progress)
        refined = refined_liver(image, found.structures.mask(), prompter, progress=progress)
        structures = LabelMap(refined.mask.astype(np.uint8), image.geometry, STRUCTURE_SCHEME)
        volume_ml = int(np.count_nonzero(refined.mask)) * image.geometry.voxel_volume_ml
        return replace(
            found,
            structures=structures,
            quality=_replaced(found.quality, (volume_finding(volume_ml), *refined.findings)),
            models=(*found.models, *self.engine.prompter_models),
        )

    def segment_lesions(
        self, image: ImageVolume, liver: LabelMap, *, progress: Progress = silent
    ) -> Segmentation:
        """Segment lesions in a known liver, and refine their outlines."""
        found = self.engine.segment_lesions(image, liver, progress=progress)
        core = found.lesions.mask()
        if not core.any():
            self._let_go()
            return found
        try:
            refined = refined_lesions(
                image,
                core,
                liver.mask(),
                self._asked(image, progress),
                progress=progress,
            )
        finally:
            self._let_go()
        fitted = reconcile(liver.mask(), refined, image.geometry, reach_mm=REACH_MM)
        return replace(
            found,
            structures=fitted.structures,
            lesions=fitted.lesions,
            exophytic=fitted.exophytic,
            core=LabelMap(core.astype(np.uint8), image.geometry, BINARY_SCHEME),
            quality=_replaced(found.quality, fitted.quality),
            models=(*found.models, *self.engine.prompter_models),
        )

    def _asked(self, image: ImageVolume, progress: Progress) -> SlicePrompter:
        """Return the image's prompter: the one that was asked about its liver, where there is."""
        if self._held is not None and self._held[0] is image:
            return self._held[1]
        self._let_go()
        prompter = self._stack.enter_context(self.engine.prompter(image, progress=progress))
        self._held = (image, prompter)
        return prompter

    def _let_go(self) -> None:
        """Forget an image: its slices are large."""
        self._held = None
        self._stack.close()


def _replaced(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings of unrefined lesions with those of the refined ones in their place."""
    fresh = {CORES_ALONE, *(finding.id for finding in after)}
    return (*(finding for finding in before if finding.id not in fresh), *after)
