"""What a trained run is worth: its scores, its probes, its cost, and what they mean."""
