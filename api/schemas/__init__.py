"""Request and response shapes, as published in openapi.json."""
