"""From an aligned pair to what a model is trained, chosen and tested on."""
