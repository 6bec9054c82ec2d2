//! YAML documents with source positions: closed schemas, located errors, JSON Schema.
