"""``remnant inspect``: what is in a file or folder."""

from pathlib import Path

from cyclopts import App

from remnant.cli.examples import epilogue

app = App(
    help="Say what is in a file or folder, and what speaks against using it.",
    help_epilogue=epilogue("remnant inspect CT.nii.gz", "remnant inspect DICOM_FOLDER"),
)
