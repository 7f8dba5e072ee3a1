"""Recurrent nets run statefully: LSTM, GRU, RNN, state-space layers."""
