"""Nets that turn dry samples into wet ones, behind one contract."""
