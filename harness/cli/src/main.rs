//! The `dmsc` command.

fn main() {}
