"""One module for each reader."""
