"""A history for programs of others: which events, what they are about, and the files in which both leave the house."""
