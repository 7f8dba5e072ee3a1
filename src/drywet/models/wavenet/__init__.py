"""WaveNets as Neural Amp Modeler has them."""
