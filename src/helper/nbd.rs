//! The protocol of network block devices (NBD, <https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md>), as far as a disk needs
//! it that is only read: fixed newstyle negotiation, one export, simple replies.

#[cfg(test)]
mod tests;

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::message::disk::READ_MOST;

const MAGIC: u64 = u64::from_be_bytes(*b"NBDMAGIC");
const OPTION_MAGIC: u64 = u64::from_be_bytes(*b"IHAVEOPT");
const OPTION_REPLY_MAGIC: u64 = 0x0003_e889_0455_65a9;
const REQUEST_MAGIC: u32 = 0x2560_9513;
const REPLY_MAGIC: u32 = 0x6744_6698;
/// Fixed newstyle; no padding behind the export.
const HANDSHAKE_FLAGS: u16 = 0b11;
/// Has flags; is read-only; several connections see the same.
const EXPORT_FLAGS: u16 = 0b1_0000_0011;
const OPTION_EXPORT_NAME: u32 = 1;
const OPTION_ABORT: u32 = 2;
const OPTION_INFO: u32 = 6;
const OPTION_GO: u32 = 7;
const REPLY_ACK: u32 = 1;
const REPLY_INFO: u32 = 3;
const REPLY_UNSUPPORTED: u32 = 0x8000_0001;
const INFO_EXPORT: u16 = 0;
const INFO_BLOCK_SIZE: u16 = 3;
const COMMAND_READ: u16 = 0;
const COMMAND_END: u16 = 2;
/// Longest option, in bytes: a name has at most 4096.
const OPTION_MOST: u32 = 16 << 10;
/// Block sizes: the least, the preferred, the most of one request.
const BLOCKS: [u32; 3] = [1, 4096, READ_MOST];

/// `EPERM`, as the protocol numbers it.
pub const NOT_PERMITTED: u32 = 1;
/// `EIO`.
pub const INPUT_OUTPUT: u32 = 5;
/// `EINVAL`.
pub const INVALID: u32 = 22;

/// Agrees with a client on the export; whether it then reads.
///
/// # Errors
/// A client that breaks off, or speaks something else.
pub async fn agree(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), size: u64) -> io::Result<bool> {
    let hello = [&MAGIC.to_be_bytes()[..], &OPTION_MAGIC.to_be_bytes(), &HANDSHAKE_FLAGS.to_be_bytes()].concat();
    stream.write_all(&hello).await?;
    let no_padding = stream.read_u32().await? & 0b10 != 0;
    loop {
        if stream.read_u64().await? != OPTION_MAGIC {
            return Err(invalid("option without its magic"));
        }
        let option = stream.read_u32().await?;
        let length = stream.read_u32().await?;
        if length > OPTION_MOST {
            return Err(invalid("option that is too long"));
        }
        // Whatever name is asked for: there is one export.
        let mut data = vec![0; length as usize];
        stream.read_exact(&mut data).await?;
        let export = [&size.to_be_bytes()[..], &EXPORT_FLAGS.to_be_bytes()].concat();
        match option {
            OPTION_EXPORT_NAME => {
                stream.write_all(&export).await?;
                if !no_padding {
                    stream.write_all(&[0; 124]).await?;
                }
                return Ok(true);
            }
            OPTION_INFO | OPTION_GO => {
                let blocks: Vec<u8> = BLOCKS.iter().flat_map(|size| size.to_be_bytes()).collect();
                let infos = [(INFO_EXPORT, &export), (INFO_BLOCK_SIZE, &blocks)];
                for (kind, info) in infos {
                    reply(stream, option, REPLY_INFO, &[&kind.to_be_bytes()[..], info].concat()).await?;
                }
                reply(stream, option, REPLY_ACK, &[]).await?;
                if option == OPTION_GO {
                    return Ok(true);
                }
            }
            OPTION_ABORT => {
                reply(stream, option, REPLY_ACK, &[]).await?;
                return Ok(false);
            }
            _ => reply(stream, option, REPLY_UNSUPPORTED, &[]).await?,
        }
    }
}

async fn reply(stream: &mut (impl AsyncWrite + Unpin), option: u32, kind: u32, data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let head = [&OPTION_REPLY_MAGIC.to_be_bytes()[..], &option.to_be_bytes(), &kind.to_be_bytes()].concat();
    stream.write_all(&[&head[..], &length.to_be_bytes(), data].concat()).await
}

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Bytes of the disk.
    Read {
        /// What the answer is to carry.
        cookie: u64,
        /// Where they begin.
        offset: u64,
        /// How many.
        length: u32,
    },
    /// What cannot be had, with the error that says so.
    Refused {
        /// What the answer is to carry.
        cookie: u64,
        /// The error.
        error: u32,
    },
}

/// The next request; `None` at the end.
///
/// # Errors
/// As [`agree`].
pub async fn next(stream: &mut (impl AsyncRead + Unpin), size: u64) -> io::Result<Option<Wish>> {
    match stream.read_u32().await {
        Ok(REQUEST_MAGIC) => {}
        Ok(_) => return Err(invalid("request without its magic")),
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(err) => return Err(err),
    }
    let _flags = stream.read_u16().await?;
    let command = stream.read_u16().await?;
    let cookie = stream.read_u64().await?;
    let offset = stream.read_u64().await?;
    let length = stream.read_u32().await?;
    let inside = offset.checked_add(length.into()).is_some_and(|end| end <= size);
    Ok(match command {
        COMMAND_END => None,
        COMMAND_READ if inside && (1..=READ_MOST).contains(&length) => Some(Wish::Read { cookie, offset, length }),
        COMMAND_READ => Some(Wish::Refused { cookie, error: INVALID }),
        // A client that writes all the same would send its bytes next, and was told that it must not.
        1 => return Err(invalid("writing to a disk that is only read")),
        _ => Some(Wish::Refused { cookie, error: NOT_PERMITTED }),
    })
}

/// An answer: bytes, or the number of an error.
pub fn answer(cookie: u64, bytes: Result<&[u8], u32>) -> Vec<u8> {
    let (error, bytes) = bytes.map_or_else(|error| (error, &[][..]), |bytes| (0, bytes));
    [&REPLY_MAGIC.to_be_bytes()[..], &error.to_be_bytes(), &cookie.to_be_bytes(), bytes].concat()
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
