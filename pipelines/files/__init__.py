"""Files that people and other offices send, read strictly."""
