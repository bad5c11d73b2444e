"""The names and formats of the national interface. They are written in no other product package."""
