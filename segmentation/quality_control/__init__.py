"""Whether a liver that was found can be believed: figures of it, and a traffic light from them."""
