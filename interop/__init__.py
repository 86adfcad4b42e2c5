"""Reads what Quern writes with the readers that people use, and compares."""
