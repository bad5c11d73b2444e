"""What rules and rings of the product reach on worlds whose schemes are known."""
