"""An engine without networks, for the commands of the documentation: reads a phantom's numbers."""

from remnant.testing.fake_segmenter import ThresholdSegmenter


def segmenter(*, device):
    """Return a segmenter that knows the phantom's CT numbers, whatever the device."""
    return ThresholdSegmenter()
