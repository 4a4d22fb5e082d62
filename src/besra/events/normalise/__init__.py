"""One module a source: a raw record in, an ECS document out."""
