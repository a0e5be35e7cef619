"""Pages about segments: the heat map, its people, movement, and how RFM is scored."""
