"""What makes pages of docs/."""
