"""Nets without state over a frame of dry samples."""
