"""Random programs that hold every part of minigrad against the complex step."""
