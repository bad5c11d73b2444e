"""The steps, in order; a file that has been released is never edited."""
