"""The OpenAPI document: what every route takes and answers, with examples."""
