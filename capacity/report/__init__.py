"""Reports of an assessment: tables, JSON, pictures."""
