"""Pages of the privacy officer, and the few that others see."""
