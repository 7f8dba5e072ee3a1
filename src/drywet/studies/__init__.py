"""A study: many runs from one declaration, their results in one journal, and what they answer."""
