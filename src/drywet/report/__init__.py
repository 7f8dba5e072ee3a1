"""One page that anyone can open: what a run is worth, to read, to see and to hear."""
