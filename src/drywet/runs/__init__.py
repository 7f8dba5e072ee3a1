"""A run on disk: its settings, its weights, its history, and how to open it again."""
