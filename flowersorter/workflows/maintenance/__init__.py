"""Cache limits and the doctor."""
