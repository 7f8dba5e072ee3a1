"""Neural Amp Modeler's ``.nam``."""
