"""制度依据: the rules as people meet them. Pages that show what is in force and reckon by it, and the same by API.

Nothing is kept here; the rules and the judgement are `dangjian.rules`.
"""
