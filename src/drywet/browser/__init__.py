"""drywet's own kernels in a browser, and what they need to play a model there."""
