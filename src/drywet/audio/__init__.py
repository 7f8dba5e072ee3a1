"""Audio files and sample rates: the only place that opens or writes sound."""
