//! Looks at repositories, endpoints, data stores and hosts, and changes nothing.

pub mod http;
