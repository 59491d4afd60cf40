"""制度依据: what the Party's rules say, as dated data, and the judgement that follows from them.

`book` holds the rules in force; `dues`, `terms`, `elections`, `founding` and `admission` judge by them. All of it is
pure: values in, values out, no model, no query, nothing of the house above.
"""
