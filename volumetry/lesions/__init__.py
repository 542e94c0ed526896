"""Every lesion: volume, diameters, distances, intensities."""
