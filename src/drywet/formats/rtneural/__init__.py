"""RTNeural's JSON, and AIDA-X's form of it."""
