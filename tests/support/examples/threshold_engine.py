"""An engine without networks, for the commands of the documentation: reads a phantom's numbers."""

from dataclasses import dataclass

from remnant.testing.fake_prompter import FAKE_PROMPTER, BoxSegmenter
from remnant.testing.fake_segmenter import ThresholdSegmenter


@dataclass(frozen=True)
class ThresholdEngine(ThresholdSegmenter):
    """Segmenter that knows the phantom's CT numbers, and so what lies in boxes."""

    prompter_models = (FAKE_PROMPTER,)
    device_name = "cpu"

    def prompter(self, image, *, scratch=None, progress=None):
        """Give what outlines boxes."""
        found = self.segment(image)
        return BoxSegmenter(found.structures, found.lesions).prompter(image)


def segmenter(*, device):
    """Return a segmenter that knows the phantom's CT numbers, whatever the device."""
    return ThresholdEngine()
