//! What students hand in: a script, a file, an image, or an address.

/// Something that is handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Accept {
    /// Its file name among what is handed in.
    pub name: String,
    /// Endpoint that it is for.
    pub on: String,
    /// What it is.
    pub what: Handed,
}

/// The kinds of things that are handed in.
#[derive(Debug, Clone, PartialEq)]
pub enum Handed {
    /// Shell lines, run as root in the endpoint.
    Script,
    /// A file that is put in place.
    File {
        /// Where it goes.
        to: String,
        /// Permission bits.
        mode: u32,
        /// Shell lines that make it take effect.
        activate: Option<String>,
    },
    /// A container image that takes the endpoint's place: an archive as `docker save` writes it, or an OCI layout.
    Image,
    /// The address of a live machine that takes the endpoint's place.
    Address {
        /// What of it the lab reaches; at least one.
        ports: Vec<ServicePort>,
    },
}

/// A port on which a service is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServicePort {
    /// Over which protocol.
    pub transport: Transport,
    /// Its number.
    pub port: u16,
}

/// What carries a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}
