//! SCR items, requirement expressions, conformance statements, interpretations and item verdicts.
