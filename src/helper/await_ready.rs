//! Duty `await`: waits until a service answers, as a process of its own, and says on the way out what it last saw.

use std::future::Future;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpStream;

use super::resolver::{self, How};

/// How long between two tries.
const BETWEEN: Duration = Duration::from_millis(20);

/// `tcp ADDRESS:PORT MS` or `dns SERVER NAME MS`: exit status 0 when it answered in time.
pub fn main(arguments: &[String]) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return fail(&err.to_string()),
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let awaited = match words.as_slice() {
        ["tcp", address, limit] => match (address.parse(), limit.parse()) {
            (Ok(address), Ok(limit)) => runtime.block_on(until(limit, async || try_tcp(address).await)),
            _ => return fail("usage: await tcp ADDRESS:PORT MS"),
        },
        ["dns", server, name, limit] => match (server.parse(), limit.parse()) {
            (Ok(server), Ok(limit)) => runtime.block_on(until(limit, async || try_dns(server, name).await)),
            _ => return fail("usage: await dns SERVER NAME MS"),
        },
        _ => return fail("usage: await tcp ADDRESS:PORT MS | dns SERVER NAME MS"),
    };
    match awaited {
        Ok(()) => ExitCode::SUCCESS,
        Err(last) => fail(&last),
    }
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}

async fn until<F: Future<Output = Result<(), String>>>(limit_ms: u64, attempt: impl Fn() -> F) -> Result<(), String> {
    let mut last = "no answer".to_owned();
    let tries = async {
        loop {
            match attempt().await {
                Ok(()) => return,
                Err(err) => last = err,
            }
            tokio::time::sleep(BETWEEN).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_millis(limit_ms), tries).await;
    done.map_err(|_| last)
}

async fn try_tcp(address: SocketAddr) -> Result<(), String> {
    TcpStream::connect(address).await.map(drop).map_err(|err| format!("{address}: {err}"))
}

async fn try_dns(server: IpAddr, name: &str) -> Result<(), String> {
    let how = How { timeout: Duration::from_millis(500), attempts: 1, ..How::default() };
    let resolver = resolver::asking(server, how)?;
    resolver.lookup_ip(name).await.map(drop).map_err(|err| format!("{name}: {err}"))
}
