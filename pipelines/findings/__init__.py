"""What findings cost, and how they are made again."""
