"""HTTP as uvicorn speaks it, with an end to everything that could go on for ever."""
