"""How target lesions of the liver responded, by the lengths of their longest diameters."""
