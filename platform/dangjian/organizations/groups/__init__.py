"""党小组: the parts a branch is divided into, who is in them and who leads them, on any day."""
