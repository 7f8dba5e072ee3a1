"""A dry and a wet recording of one performance: loaded, checked and aligned."""
