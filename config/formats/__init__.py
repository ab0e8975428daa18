"""How are moments written in the admin? Short, so that a column of them stays narrow."""
