"""组织架构: the tree as it stood on a day, what is to be looked after in it, and the acts that change it."""
