"""The shop: its catalogue, what is true of each product, and the bodies that tell of it. It tells nobody."""
