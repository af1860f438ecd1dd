"""A Python module that computes J and every gradient, from the model of a derivation."""
