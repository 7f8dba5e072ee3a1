"""C headers."""
