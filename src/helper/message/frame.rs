//! The frames on a helper's streams: lengths, ids and signatures.

use std::io;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{FRAME_MOST, Request};

/// Key of the answers' signatures.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Key(bytes)
    }

    fn signature(&self, id: u64, body: &[u8]) -> [u8; SIGNATURE] {
        // HMAC takes keys of every length, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; SIGNATURE] };
        mac.update(&id.to_be_bytes());
        mac.update(body);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }
}

const SIGNATURE: usize = 16;

/// What an answer frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON of an [`super::Answer`], signed.
    Answer,
    /// A piece of a capture: the network's name, a zero byte, pcapng bytes. Only switches send it, and nothing else runs there.
    Capture,
    /// Output of a shell, signed.
    Stream,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Kind::Answer => 0,
            Kind::Capture => 1,
            Kind::Stream => 2,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Kind::Answer, Kind::Capture, Kind::Stream].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// One frame from a helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the body is.
    pub kind: Kind,
    /// Id of the request it answers.
    pub id: u64,
    /// The body.
    pub body: Vec<u8>,
}

/// The bytes of a request.
///
/// # Errors
/// When the request is longer than [`FRAME_MOST`].
pub fn encode_request(id: u64, request: &Request) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(request)?;
    let mut bytes = length(8 + body.len())?.to_vec();
    bytes.extend(id.to_be_bytes());
    bytes.extend(body);
    Ok(bytes)
}

/// The bytes of an answer frame. Captures go unsigned: they are too many, and come from an endpoint where nobody else is.
///
/// # Errors
/// When the body is longer than [`FRAME_MOST`].
pub fn encode_frame(key: Option<&Key>, kind: Kind, id: u64, body: &[u8]) -> io::Result<Vec<u8>> {
    let signature = match (kind, key) {
        (Kind::Capture, _) | (_, None) => [0; SIGNATURE],
        (_, Some(key)) => key.signature(id, body),
    };
    let mut bytes = length(9 + SIGNATURE + body.len())?.to_vec();
    bytes.push(kind.byte());
    bytes.extend(id.to_be_bytes());
    bytes.extend(signature);
    bytes.extend(body);
    Ok(bytes)
}

fn length(length: usize) -> io::Result<[u8; 4]> {
    match u32::try_from(length) {
        Ok(short) if length <= FRAME_MOST => Ok(short.to_be_bytes()),
        _ => Err(invalid("message is longer than 16 MiB")),
    }
}

/// Reads one request; `None` when the harness closed the stream.
///
/// # Errors
/// A stream that breaks off in the middle, a length out of bounds, or JSON that is no request.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(u64, Request)>> {
    let Some(bytes) = read_block(stream, 8).await? else { return Ok(None) };
    let (id, body) = split_id(&bytes);
    Ok(Some((id, serde_json::from_slice(body)?)))
}

/// Reads one answer frame and checks its signature; `None` when the endpoint is gone.
///
/// # Errors
/// A stream that breaks off in the middle, a length out of bounds, an unknown kind, or a signature that is not the helper's.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin), key: &Key) -> io::Result<Option<Frame>> {
    let Some(bytes) = read_block(stream, 9 + SIGNATURE).await? else { return Ok(None) };
    let kind = Kind::of(bytes[0]).ok_or_else(|| invalid("frame of unknown kind"))?;
    let (id, rest) = split_id(&bytes[1..]);
    let (signature, body) = rest.split_at(SIGNATURE);
    if kind != Kind::Capture && signature != key.signature(id, body) {
        return Err(invalid("answer is not signed by the helper"));
    }
    Ok(Some(Frame { kind, id, body: body.to_vec() }))
}

async fn read_block(stream: &mut (impl AsyncRead + Unpin), least: usize) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match stream.read_exact(&mut head).await {
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length < least || length > FRAME_MOST {
        return Err(invalid("message of impossible length: somebody else writes to this stream"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(Some(bytes))
}

fn split_id(bytes: &[u8]) -> (u64, &[u8]) {
    let (id, rest) = bytes.split_at(8);
    (u64::from_be_bytes(std::array::from_fn(|i| id[i])), rest)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::super::RunSpec;
    use super::*;

    #[tokio::test]
    async fn messages_survive_the_stream() {
        let request = Request::Run(RunSpec::shell("true", std::time::Duration::from_secs(1)));
        let bytes = encode_request(7, &request).unwrap();
        assert_eq!(read_request(&mut bytes.as_slice()).await.unwrap(), Some((7, request)));

        let key = Key::new([3; 32]);
        let bytes = encode_frame(Some(&key), Kind::Answer, 9, b"{}").unwrap();
        let frame = read_frame(&mut bytes.as_slice(), &key).await.unwrap();
        assert_eq!(frame, Some(Frame { kind: Kind::Answer, id: 9, body: b"{}".to_vec() }));
    }

    #[tokio::test]
    async fn a_forged_or_replayed_answer_is_refused() {
        let key = Key::new([3; 32]);
        let forged = encode_frame(Some(&Key::new([4; 32])), Kind::Answer, 9, b"{}").unwrap();
        assert!(read_frame(&mut forged.as_slice(), &key).await.is_err());
        // The signature of another id does not carry over.
        let mut replayed = encode_frame(Some(&key), Kind::Answer, 9, b"{}").unwrap();
        replayed[12] = 10;
        assert!(read_frame(&mut replayed.as_slice(), &key).await.is_err());
    }

    #[tokio::test]
    async fn rubbish_is_refused_and_an_end_is_an_end() {
        let key = Key::new([0; 32]);
        assert!(read_frame(&mut [0xff_u8; 64].as_slice(), &key).await.is_err());
        assert!(read_frame(&mut [0, 0, 0, 1, 0].as_slice(), &key).await.is_err());
        assert_eq!(read_frame(&mut [].as_slice(), &key).await.unwrap(), None);
        assert!(encode_frame(None, Kind::Stream, 0, &vec![0; FRAME_MOST]).is_err());
    }
}
