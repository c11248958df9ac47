"""Who may ask, how much, how often, for how long: what stands before every route."""
