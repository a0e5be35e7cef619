"""Points, tiers, rewards and coupons.

A *unit* is what an account counts: points, growth points, stored value. A member's *account* is their balance of one
unit; it changes by *movements* alone. Points are issued in *lots*, each with its own end; a *trace* tells which lot a
movement took from or gave back to. Points are *pending* until goods can no longer be returned, *available*, *held*
while somebody pays, or owed (*debt*) where they were spent before the goods came back. See docs/algorithms/ledger.md.
"""
