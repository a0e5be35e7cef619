"""Who is about to leave: the probability that a customer buys nothing in the next days, with its reasons.

A *cut-off* is a day behind which nothing is read. *features* describes everybody as of a cut-off, *labels* says who
then stayed away for the *horizon* (a number of days that follows from the chain's own rhythm). *training* asks a
boosted forest and the simple *baselines* the same question on past cut-offs, *evaluation* measures them, and the best
serves. *forest* scores by bit masks, *reasons* tells a score apart. docs/algorithms/churn.md tells the method.
"""
