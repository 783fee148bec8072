//! What people said, as facts. No probe looks at it: whoever runs the probes has the evidence store and fills it in.

pub mod facts;
