"""Short trainings for what `tests.served` starts: Python imports this by itself, children too."""

from drywet.runs import choices

choices.QUALITY["quick"] = {"cycles": 1, "restarts": 2}
