"""Several captures of one device, each at other positions of its knobs: what there is to learn."""
