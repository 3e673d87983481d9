"""The second look: walking, checking and exporting a history without trusting any view of it."""
