"""Rosters by the file: reading → cells → judgement → applying, and back again within a day."""
