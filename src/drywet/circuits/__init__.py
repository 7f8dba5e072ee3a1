"""Circuits from SPICE netlists: read, brought into equations, run in time."""
