"""Fused recurrent nets on the CPU: the compiled kernels of ``kernels/`` seen from Python."""
