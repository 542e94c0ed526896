"""What a scan shows of its own phase, sequence and intensities."""
