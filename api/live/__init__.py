"""What changes while somebody looks: how far the book has come (`feed`), and what that means for boards and clocks."""
