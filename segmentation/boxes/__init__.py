"""What a box on a slice holds, by the network of boxes."""
