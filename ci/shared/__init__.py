"""What the other packages share: environments, and systems of Debian."""
