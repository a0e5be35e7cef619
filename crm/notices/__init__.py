"""Notices: what a member of staff should hear of, in the page.

A *notice* is a row for one person: its kind, what it is about, and ids. It is written in the transaction of its
cause, so that nobody hears of what did not happen. Its sentence is made when it is read, in the reader's language and
with what the reader may see then; so a notice holds no names and nothing of a customer that could outlive a change of
scope or an erasure. Apps register their kinds (`kinds.register`); a person may switch a kind off.
"""
