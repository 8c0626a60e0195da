"""What users read: names that are legal or nearly so, differences, tables, progress bars."""

__all__ = []
