"""Results of a case as DICOM objects: what is said in each, and the folder that holds them."""
