"""What a night is made of beside its steps."""
