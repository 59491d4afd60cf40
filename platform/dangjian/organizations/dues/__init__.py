"""党费: what each member owes for a month, what was received for it, and the sheet a branch confirms.

docs/how-to/collect-dues.md.
"""
