//! Case language, selection, execution and verdicts.
