//! What people decide: waivers, votes, certificates, with the keys that OpenSSH makes.

mod attestations;
mod certificate;
mod house;
mod poll;
mod waivers;
