"""GuitarML's JSON: Proteus, Automated-GuitarAmpModelling."""
