"""Keeping what happened: append, read and verify events in PostgreSQL."""
