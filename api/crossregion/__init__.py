"""Care in another region: the client of the region of care, the desk of the region of insurance."""
