"""Devices whose truth is known: ``process(dry, rate, knobs) -> wet``."""
