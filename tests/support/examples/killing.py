"""Runs that are killed where a test asks for it: ``python -m examples.killing FOLDER``.

Each run is a process of its own that ends itself by SIGKILL, as the system or a user would: no
``finally`` of it runs. All are forked from one, which imported everything once.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.patient import Patient
from remnant.core.volumes import Modality
from remnant.io.nifti import write_image
from remnant.io.reading import ReadingChoice
from remnant.pipeline.case_files import OWN_FILES, REPORT_HTML, REPORT_JSON, STATE, STRUCTURES
from remnant.pipeline.folder import published
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.run import run_study
from remnant.testing.fake_segmenter import KNOWN_LESIONS, KNOWN_LIVER, SteppedSegmenter
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom

FINISHING = "measuring and planning"
POINTS = {
    "in-liver": (KNOWN_LIVER, 0),
    "in-lesions": (KNOWN_LESIONS, 0),
    "segmented": (FINISHING, 0),
    "planning": ("planning", 0),
    "planned": (FINISHING, 2),
}
"""Where a run is killed: at a report of its progress."""
OLD = {STRUCTURES: "old", STATE: "old", REPORT_JSON: "old", REPORT_HTML: "old"}
NEW = {STRUCTURES: "new", STATE: "new", REPORT_JSON: "new"}
OPERATIONS = ("rename", "replace", "unlink", "rmdir", "mkdir", "open")
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))


def phantom():
    grid = body_grid(spacing_mm=(6.0, 6.5, 7.0))
    stored = Geometry(grid.shape, np.float32(grid.affine_ras))
    return liver_phantom(stored, metastases=2, seed=3)


def request(folder):
    reading = ReadingChoice(modality=Modality.CT)
    return SegmentRequest(source=folder / "ct.nii.gz", reading=reading)


def study(folder, output, *, known: LiverPhantom, progress):
    return run_study(
        request(folder),
        measuring=MEASURING,
        output=output,
        segmenter=SteppedSegmenter.knowing(known),
        progress=progress,
    )


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(point):
    def progress(stage, done, total):
        del total
        if (stage, done) == point:
            die()

    return progress


def die_before(operation):
    """From here on die before the so manieth change of the disk."""
    left = operation

    def counted(change):
        def before(*words, **options):
            nonlocal left
            left -= 1
            if left == 0:
                die()
            return change(*words, **options)

        return before

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))


def publish_and_die(folder, operation):
    """Put new files in the place of old ones; die before the so manieth change of the disk."""
    with published(folder) as staging:
        for name, text in NEW.items():
            (staging / name).write_text(text, encoding="utf-8")
        die_before(operation)


def forked(work, *words, **options):
    """Do the work in a process of its own, and return the signal that ended it; 0 for none."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(*words, **options)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0
    return 0


def publish_until_done(folder):
    """Publish, each time killed one change of the disk later; return how many there are."""
    for operation in range(1, 200):
        place = folder / f"publish-{operation:03}" / "case"
        place.mkdir(parents=True)
        for name, text in OLD.items():
            (place / name).write_text(text, encoding="utf-8")
        if forked(publish_and_die, place, operation) == 0:
            return operation
    raise AssertionError("publishing never ends")


def main(folder):
    assert set(OLD) <= set(OWN_FILES)
    changes = publish_until_done(folder)
    known = phantom()
    write_image(known.image, folder / "ct.nii.gz")
    ends = {
        name: forked(study, folder, folder / name, known=known, progress=dying_at(point))
        for name, point in POINTS.items()
    }
    assert set(ends.values()) == {signal.SIGKILL}, ends
    sys.stdout.write(str(changes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
