//! How a layer hides what the layers below it have: names in archives, an attribute and a device in directories.

/// In an archive, a file named `.wh.NAME` hides `NAME`. In a directory that is the character device 0:0.
pub const PREFIX: &str = ".wh.";
/// In an archive, a file of this name hides everything that the layers below have in its directory.
pub const OPAQUE_MARK: &str = ".wh..wh..opq";
/// Other names of an archive that begin like this are AUFS's bookkeeping and mean nothing.
pub const BOOKKEEPING_PREFIX: &str = ".wh..wh.";
/// In a directory, this attribute with the value `y` does what the opaque mark does in an archive: overlayfs looks for
/// it when it is mounted with `userxattr`.
pub const OPAQUE_ATTRIBUTE: &str = "user.overlay.opaque";
