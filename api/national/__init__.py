"""The national interface as hospitals speak it: signatures, envelope, transactions."""
