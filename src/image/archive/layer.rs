//! A layer of an archive as the plain tar that its diff id stands for.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::Fault;
use super::digest::{Digest, Verified};
use super::source::Section;

/// How gzip begins.
const GZIP: &[u8] = b"\x1f\x8b";
/// How Zstandard begins.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// A layer's uncompressed tar. At its end its diff id is verified: a damaged layer ends with an `InvalidData` error
/// that names it.
#[derive(Debug)]
pub struct LayerReader(Verified<Decoder>);

#[derive(Debug)]
enum Decoder {
    Plain(Section),
    Gzip(Box<MultiGzDecoder<BufReader<Section>>>),
}

impl LayerReader {
    /// Reads a layer's file; how it is compressed shows from its first bytes, for not every format says it.
    pub(super) fn new(file: Section, diff_id: &str) -> Result<Self, Fault> {
        let expected = Digest::parse(diff_id).ok_or_else(|| Fault::Name(diff_id.to_owned()))?;
        let mut begin = [0; 4];
        let decoder = match file.peek(&mut begin)? {
            begin if begin.starts_with(GZIP) => {
                Decoder::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file))))
            }
            begin if begin.starts_with(ZSTD) => return Err(zstd("zstd".to_owned())),
            _ => Decoder::Plain(file),
        };
        Ok(LayerReader(Verified::new(decoder, expected)))
    }
}

impl Read for LayerReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Read for Decoder {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Plain(file) => file.read(bytes),
            Decoder::Gzip(file) => file.read(bytes),
        }
    }
}

/// The fault of a layer that is compressed with Zstandard.
pub fn zstd(media_type: String) -> Fault {
    let way_out = "layers compressed with zstd can be converted: `skopeo copy --dest-compress-format gzip`, \
                   or load the image into Docker and `docker save` it";
    Fault::MediaType { media_type, way_out }
}
