"""The commands of the command line; heavy modules are imported inside them."""
