"""Makes the generated pages of docs/, and the manual as web pages."""
