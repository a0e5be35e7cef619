"""Numbers as shops write them: 1,469,307."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
DATE_FORMAT = "M j, Y"
DATETIME_FORMAT = "M j, Y, H:i"
