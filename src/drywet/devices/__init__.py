"""Effects that drywet can play: circuits, trained models, plugins."""
