"""What is odd in a policy file that can be read: warnings, each with its place and its reason."""
