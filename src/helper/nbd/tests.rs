//! A client's side of the conversation, as QEMU leads it, and as nobody should.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

const SIZE: u64 = 1 << 20;

/// A server that agrees, and its client behind the greeting.
async fn client() -> (DuplexStream, tokio::task::JoinHandle<io::Result<bool>>) {
    let (mut ours, mut theirs) = duplex(64 << 10);
    let serving = tokio::spawn(async move { agree(&mut theirs, SIZE).await });
    let mut hello = [0; 18];
    ours.read_exact(&mut hello).await.unwrap();
    assert_eq!(hello[..16], *b"NBDMAGICIHAVEOPT");
    ours.write_all(&3_u32.to_be_bytes()).await.unwrap();
    (ours, serving)
}

fn option(kind: u32, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    [&OPTION_MAGIC.to_be_bytes()[..], &kind.to_be_bytes(), &length.to_be_bytes(), data].concat()
}

/// Kind and data of an answer to an option.
async fn answered(client: &mut DuplexStream) -> (u32, Vec<u8>) {
    assert_eq!(client.read_u64().await.unwrap(), OPTION_REPLY_MAGIC);
    let _option = client.read_u32().await.unwrap();
    let kind = client.read_u32().await.unwrap();
    let mut data = vec![0; client.read_u32().await.unwrap() as usize];
    client.read_exact(&mut data).await.unwrap();
    (kind, data)
}

#[tokio::test]
async fn qemus_way_leads_to_a_disk_that_is_read_only() {
    let (mut client, serving) = client().await;
    // Structured replies are asked for first, and not given.
    client.write_all(&option(8, &[])).await.unwrap();
    assert_eq!(answered(&mut client).await.0, REPLY_UNSUPPORTED);
    client.write_all(&option(OPTION_GO, &[0, 0, 0, 0, 0, 0])).await.unwrap();
    let (kind, export) = answered(&mut client).await;
    assert_eq!((kind, &export[..2]), (REPLY_INFO, &[0, 0][..]));
    assert_eq!(export[2..10], SIZE.to_be_bytes());
    assert_eq!(u16::from_be_bytes([export[10], export[11]]) & 0b10, 0b10);
    let (_, blocks) = answered(&mut client).await;
    assert_eq!(blocks[10..], READ_MOST.to_be_bytes());
    assert_eq!(answered(&mut client).await.0, REPLY_ACK);
    assert!(serving.await.unwrap().unwrap());
}

#[tokio::test]
async fn who_breaks_off_or_talks_rubbish_is_an_error_or_an_end() {
    let (mut client_end, serving) = client().await;
    client_end.write_all(&option(OPTION_ABORT, &[])).await.unwrap();
    assert_eq!(answered(&mut client_end).await.0, REPLY_ACK);
    assert!(!serving.await.unwrap().unwrap());

    let (mut client_end, serving) = client().await;
    client_end.write_all(&[7; 16]).await.unwrap();
    assert!(serving.await.unwrap().is_err());

    let (mut client_end, serving) = client().await;
    let mut greedy = option(OPTION_GO, &[]);
    greedy[12..16].copy_from_slice(&u32::MAX.to_be_bytes());
    client_end.write_all(&greedy).await.unwrap();
    assert!(serving.await.unwrap().is_err());
}

fn request(command: u16, offset: u64, length: u32) -> Vec<u8> {
    let head = [&REQUEST_MAGIC.to_be_bytes()[..], &0_u16.to_be_bytes(), &command.to_be_bytes()].concat();
    [&head[..], &7_u64.to_be_bytes(), &offset.to_be_bytes(), &length.to_be_bytes()].concat()
}

#[tokio::test]
async fn only_what_is_there_is_read_and_nothing_is_written() {
    let wish = async |bytes: Vec<u8>| next(&mut bytes.as_slice(), SIZE).await;
    let read = Wish::Read { cookie: 7, offset: SIZE - 512, length: 512 };
    assert_eq!(wish(request(COMMAND_READ, SIZE - 512, 512)).await.unwrap(), Some(read));
    let refused = |error| Some(Wish::Refused { cookie: 7, error });
    for (offset, length) in [(SIZE, 1), (SIZE - 1, 2), (u64::MAX, 1), (0, 0), (0, READ_MOST + 1)] {
        assert_eq!(wish(request(COMMAND_READ, offset, length)).await.unwrap(), refused(INVALID), "{offset} {length}");
    }
    // Flush, trim, zeros.
    for command in [3, 4, 6] {
        assert_eq!(wish(request(command, 0, 512)).await.unwrap(), refused(NOT_PERMITTED));
    }
    assert!(wish(request(1, 0, 512)).await.is_err());
    assert_eq!(wish(request(COMMAND_END, 0, 0)).await.unwrap(), None);
    assert_eq!(wish(Vec::new()).await.unwrap(), None);
    assert!(wish(vec![0; 28]).await.is_err());
}
