//! The engine's client is pinned; this says when the pin breaks, on this engine.

use testcontainers::core::WaitFor;
use testcontainers::core::client::docker_client_instance;
use testcontainers::core::wait::ExitWaitStrategy;
use testcontainers::runners::AsyncRunner;
use testcontainers::{GenericImage, ImageExt};

#[tokio::test]
async fn the_pinned_client_speaks_to_this_engine() {
    let client = docker_client_instance().await.unwrap();
    client.ping().await.expect("a client newer than the engine is refused: is bollard still =0.21.1?");
    let dir = tempfile::tempdir().unwrap();
    let built =
        crate::user::saiten(crate::user::On::Docker, dir.path()).args(["images", "build", "dnsmasq"]).output().unwrap();
    assert!(built.status.success(), "{}", crate::user::text(&built));
    let reference = String::from_utf8(built.stdout).unwrap();
    let (name, tag) = reference.trim().split_once(':').unwrap();
    let request = GenericImage::new(name, tag).with_wait_for(WaitFor::Exit(ExitWaitStrategy::new()));
    let container = request.with_network("none").with_cmd(["/bin/sh", "-c", "exit 3"]).start().await.unwrap();
    assert_eq!(container.exit_code().await.unwrap(), Some(3));
    container.rm().await.unwrap();
}
