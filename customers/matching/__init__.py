"""Is this somebody we know already? One engine for the Counter, forms, API, imports, events and the nightly sweep.

    engine.candidates(facts)            who it may be: score, reasons, decision (JOIN, LOOK); for all ways in
    engine.compare(one, other, rules)   two people, exactly; what the sweep and the rules page use as well
    facts.told(...), facts.of(ids)      what is told of somebody; what is known of customers
    keys.index(ids)                     the keys under which customers are found, written anew
    sweep.run(claim)                    all customers against each other, each night
    pairs                               what the sweep found, and what people decided about it

*Facts* are compared field by field. Each comparison has an *outcome* ("same", "typo", "other"), which the rules give
*points*. A pair is proposed when one of the rules' *ways* holds (an AND of outcomes) and its points reach a threshold.
Identifiers decide alone, unless something speaks against it. docs/algorithms/matching.md has the whole of it.
"""
