"""Pages for members: their own card, points, coupons and preferences, and nothing else."""
