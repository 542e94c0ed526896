"""How metastases are distributed in a liver."""
