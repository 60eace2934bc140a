"""Curves as SVG, readable on light and on dark pages and without colours."""
