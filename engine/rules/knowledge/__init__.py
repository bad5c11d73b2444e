"""The national knowledge base: published points read from workbooks, as data that rules look up."""
