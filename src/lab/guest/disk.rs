//! The harness's end of an endpoint's disk: reads what is wanted from the file, and cannot do anything else with it.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::disk::Disk;
use crate::helper::message::disk::Event;
use crate::helper::message::{Answer, Encoded, Request};
use crate::lab::LabError;
use crate::lab::line::Line;

/// How long the endpoint may take to offer it.
const LISTENING: Duration = Duration::from_secs(10);

/// A disk that is served; dropping this ends it.
pub struct Serving {
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Offers a disk at a socket of an endpoint.
///
/// # Errors
/// An endpoint that has ended, or cannot make the socket.
pub async fn serve(line: &Line, socket: &Path, disk: &Disk) -> Result<Serving, LabError> {
    let request = Request::Disk { socket: socket.display().to_string(), size: disk.length() };
    let mut stream = line.open_stream(&request)?;
    let failed = |reason: String| LabError::Endpoint {
        endpoint: line.endpoint().to_owned(),
        what: "offer a disk".to_owned(),
        reason,
    };
    let first = async {
        tokio::select! {
            biased;
            body = stream.output.recv() => body.and_then(|body| Event::decode(&body)).ok_or(None),
            answer = &mut stream.answer => Err(answer.ok()),
        }
    };
    match tokio::time::timeout(LISTENING, first).await {
        Ok(Ok(Event::Listening)) => {}
        Ok(Err(Some(Answer::Failed(reason)))) => return Err(failed(reason)),
        other => return Err(line.end().unwrap_or_else(|| failed(format!("{other:?}")))),
    }
    let task = tokio::task::spawn_local(answer(line.clone(), disk.clone(), stream.output));
    Ok(Serving { task })
}

async fn answer(line: Line, disk: Disk, mut wanted: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(body) = wanted.recv().await {
        let Some(Event::Read { read, offset, length }) = Event::decode(&body) else { continue };
        let disk = disk.clone();
        // Files may be slow; the labs' own thread must not wait for them.
        let bytes = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; length as usize];
            disk.read_at(offset, &mut bytes).map(|()| bytes)
        });
        let bytes = bytes.await.ok().and_then(Result::ok).map(Encoded);
        // An endpoint that has ended wants nothing.
        let _ = line.tell(&Request::DiskBack { read, bytes });
    }
}
