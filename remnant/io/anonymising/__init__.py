"""DICOM objects without what names a person, for research."""
