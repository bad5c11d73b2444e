"""Brings a database to the tables that this version reads: one numbered file for each step."""
