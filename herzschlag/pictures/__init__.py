"""Pictures of the cluster at one instant, to be printed: SVG, and PDF with the extra `pictures`."""
