"""ONNX graphs as they were found: played, not trained."""
