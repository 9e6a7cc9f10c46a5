"""One module per screen: what it is made of, what it fetches, what its keys do."""
