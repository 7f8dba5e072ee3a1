"""A trained model: its file, what it is, its knobs. Nothing here knows how it was trained."""
