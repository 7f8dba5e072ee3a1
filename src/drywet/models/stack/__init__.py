"""Layers one after the other, as RTNeural runs them."""
