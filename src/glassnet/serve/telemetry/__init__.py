"""What a service tells of itself: events for pages, lines of the log, figures for Prometheus."""
