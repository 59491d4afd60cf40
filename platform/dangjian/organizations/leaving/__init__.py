"""离开名册: leaving the register, coming back, and taking back a record of it that was a mistake."""
