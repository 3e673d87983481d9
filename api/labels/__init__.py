"""What values are called on a page, in English and in Chinese: the one source of such words, in three tables."""
