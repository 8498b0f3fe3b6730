"""Pictures of results, as SVG text: the same input gives the same bytes."""
