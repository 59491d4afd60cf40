"""组织关系转接: a member goes from one branch to another, agreed by both.

A transfer has two legs, the one that leaves and the one that receives; until the receiving one accepts, the member is
the leaving one's. docs/how-to/transfer-a-member.md.
"""
