"""What every part shares about claims: the column lists, amount names and reject codes."""
