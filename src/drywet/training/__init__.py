"""From data to weights. Nothing that runs a trained model imports this."""
