"""Trained models in the formats that plugins load."""
