"""In what ways each thing could be asked of a subject as it stands: what its decider is asked with what may be done."""
