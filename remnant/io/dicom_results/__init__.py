"""Results as DICOM objects, and the record of the images that they refer to."""
