"""Pictures of a run. matplotlib is imported where it draws."""
