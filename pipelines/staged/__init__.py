"""What stages and steps of the night stand on: files between them, counts, rejected records."""
