//! What an image is: a Dockerfile's steps, layers as archives and as directories, archives of whole images. It runs nothing.

pub mod archive;
pub mod context;
pub mod dockerfile;
pub mod pack;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod unpack;
mod whiteout;
