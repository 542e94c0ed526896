"""Reading and writing files: DICOM, NIfTI, NRRD, masks and landmarks, all into RAS+ mm."""
