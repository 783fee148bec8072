//! What people decide: waivers, votes, certificates, with the keys that OpenSSH makes.

mod house;
mod waivers;
