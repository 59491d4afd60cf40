"""任期与换届: when each committee's term ends, and the elections that begin the next one.

Whoever leads an organisation, or an officer over it, records an election and submits it; the superior approves it,
which puts the elected into their posts, or returns it. docs/how-to/hold-an-election.md.
"""
