//! The two players, card and terminal, as state machines without I/O or clock.
