//! The helper volume: this program, read-only in every endpoint. Named by its content, so versions never mix; shared by all runs.

use std::collections::HashMap;

use bollard::models::VolumeCreateRequest;
use testcontainers::core::{AccessMode, Mount, WaitFor, wait::ExitWaitStrategy};
use testcontainers::runners::AsyncRunner;
use testcontainers::{CopyTargetOptions, GenericImage, ImageExt};

use super::engine::KIND_LABEL;
use super::error::{chain, explain, is_missing};
use super::{Docker, images};
use crate::evidence::bundle::{hash_file, hex};
use crate::lab::LabError;
use crate::lab::line::random;

/// Prefix of the volume's name.
pub const PREFIX: &str = "saiten-helper-";

/// The volume's name; it is made and filled first if need be.
pub async fn ensure(docker: &Docker) -> Result<String, LabError> {
    let make = || async {
        let name = name(docker)?;
        match docker.client.inspect_volume(&name).await {
            Ok(_) => Ok(name),
            Err(err) if is_missing(&err) => fill_named(docker, name).await,
            Err(err) => Err(explain("cannot look for the helper volume", &err)),
        }
    };
    docker.helper.get_or_try_init(make).await.cloned()
}

/// Fills the volume again.
pub async fn fill(docker: &Docker) -> Result<(), LabError> {
    fill_named(docker, name(docker)?).await.map(drop)
}

/// Whether a start failed because the helper is not on its volume: a killed run can leave one half-filled.
pub fn is_broken(err: &LabError) -> bool {
    let text = err.to_string();
    text.contains(crate::helper::message::PROGRAM) && (text.contains("no such file") || text.contains("exec format"))
}

/// The volume of this program.
pub fn name(docker: &Docker) -> Result<String, LabError> {
    let hash = hash_file(&docker.program).map_err(unreadable)?;
    Ok(format!("{PREFIX}{}", &hash[..16]))
}

fn unreadable(source: std::io::Error) -> LabError {
    LabError::Own { what: "cannot read this program to deliver it into endpoints".to_owned(), source }
}

async fn fill_named(docker: &Docker, name: String) -> Result<String, LabError> {
    let labels = HashMap::from([(KIND_LABEL.to_owned(), "helper".to_owned())]);
    let request =
        VolumeCreateRequest { name: Some(name.clone()), labels: Some(labels), ..VolumeCreateRequest::default() };
    docker.client.create_volume(request).await.map_err(|err| explain("cannot make the helper volume", &err))?;
    install(docker, &name).await?;
    Ok(name)
}

/// Copies the program in under a name of its own and lets it move itself to its place: whole, or not at all.
async fn install(docker: &Docker, volume: &str) -> Result<(), LabError> {
    let base = images::base(docker, &|_| {}).await?.reference.clone();
    let (image, tag) = base.rsplit_once(':').unwrap_or((&base, "latest"));
    let part = format!("/.saiten/.part-{}", hex(&random::<8>()?));
    let program = std::fs::read(&docker.program).map_err(unreadable)?;
    let mut request = GenericImage::new(image, tag)
        .with_entrypoint(&part)
        .with_wait_for(WaitFor::Exit(ExitWaitStrategy::new()))
        .with_cmd(["install", part.as_str(), crate::helper::message::PROGRAM])
        .with_network("none")
        .with_mount(Mount::volume_mount(volume, "/.saiten").with_access_mode(AccessMode::ReadWrite));
    for (name, value) in docker.labels() {
        request = request.with_label(name, value);
    }
    let target = CopyTargetOptions::new(part.as_str()).with_mode(0o755);
    let failed = |err: &dyn std::error::Error| LabError::backend("cannot fill the helper volume", chain(err));
    let container = request.with_copy_to(target, program).start().await.map_err(|err| failed(&err))?;
    let status = container.exit_code().await.map_err(|err| failed(&err))?;
    let said = container.stderr_to_vec().await.unwrap_or_default();
    container.rm().await.map_err(|err| failed(&err))?;
    match status {
        Some(0) => Ok(()),
        status => {
            let reason = format!("exit status {status:?}: {}", String::from_utf8_lossy(&said));
            Err(LabError::backend("cannot fill the helper volume", reason))
        }
    }
}
