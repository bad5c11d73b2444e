"""The command line, and the night that settles a day's claims."""
