"""What changed between two scans."""
