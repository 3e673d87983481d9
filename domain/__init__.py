"""What can happen and when: events, commands, the decisions between them, and nothing that touches the world."""
