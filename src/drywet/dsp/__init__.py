"""Measurements on signals: levels, spectra, delays and repeats. No files, no nets."""
