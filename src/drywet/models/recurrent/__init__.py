"""Recurrent nets run statefully: LSTM, GRU, RNN."""
