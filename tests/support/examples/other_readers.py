"""Programs of others that read results in DICOM."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pydicom import dcmread

OWN_PROGRAMS = str(Path(sys.executable).parent)


def program(name):
    """Return where a program is; ``None`` where it is not installed."""
    return shutil.which(name, path=os.pathsep.join([OWN_PROGRAMS, os.environ.get("PATH", "")]))


def read_by_others(folder, scratch):
    """Let dcmqi and dcmtk read the objects of a folder; return the modalities that were read."""
    read = []
    for path in sorted(folder.iterdir()):
        modality = dcmread(path, stop_before_pixels=True).Modality
        if modality == "SR" and program("dsrdump"):
            told = subprocess.run(
                [program("dsrdump"), path], capture_output=True, text=True, check=True
            )
            assert "Imaging Measurement" in told.stdout
            read.append(modality)
        if modality == "SEG" and program("segimage2itkimage"):
            words = ["--inputDICOM", path, "--outputDirectory", scratch, "--outputType", "nrrd"]
            subprocess.run(
                [program("segimage2itkimage"), *words, "--prefix", path.stem],
                capture_output=True, check=True,
            )  # fmt: skip
            assert list(scratch.glob(f"{path.stem}*.nrrd"))
            read.append(modality)
    return read
