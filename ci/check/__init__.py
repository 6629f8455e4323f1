"""What checks something that is built or pinned, and on which systems."""
