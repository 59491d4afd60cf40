"""更正申请: a member asks to have their own particulars corrected, the secretary settles it.

A name is settled by an officer, for the account goes by it; an identity number is not asked for here at all.
docs/how-to/correct-a-members-data.md.
"""
