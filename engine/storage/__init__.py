"""What is stored: declared tables, the lake of published nights, the database behind it."""
