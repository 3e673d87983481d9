"""Who asks, what their token proves, and what their role may see and do."""
