"""What drywet does: one module per verb, the same for the command line and for Python."""
