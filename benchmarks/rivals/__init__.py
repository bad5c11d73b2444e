"""The same job in what one would use instead, alone."""
