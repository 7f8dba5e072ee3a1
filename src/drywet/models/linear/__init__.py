"""Causal FIR filters, also the linear baseline."""
