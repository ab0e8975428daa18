"""How does a text become an e-mail? By the salon's layout, or by what its staff designed."""
