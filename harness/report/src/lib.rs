//! The run journal and everything rendered from it: JUnit, matrices, logs.
