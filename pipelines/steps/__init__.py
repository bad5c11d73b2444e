"""The steps of the night: each takes files and leaves new ones, and none imports another."""
