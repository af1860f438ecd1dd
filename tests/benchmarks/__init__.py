"""Benchmarks: one LSTM training gradient, by minigrad and by its peers."""
