//! One machine as a container: created, attached to, and only then started, so that not a byte of its streams is lost.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bollard::container::{AttachContainerResults, LogOutput};
use bollard::models::{
    ContainerCreateBody, DeviceMapping, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions,
    MountVolumeOptionsDriverConfig,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, InspectContainerOptions,
    RemoveContainerOptionsBuilder, StartContainerOptions,
};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::io::StreamReader;

use super::Docker;
use super::error::{explain, is_conflict, is_missing};
use super::{disk, images, volume};
use crate::helper::message::{HELPERS_OWN, PROGRAM};
use crate::lab::{LabError, Machine, MachineSpec, Role, Streams};

/// Processor weight of the switch; 1024 is everybody's (cgroup v1 `cpu.shares`). Its lateness is everybody's lateness.
const SWITCH_CPU_SHARES: i64 = 8192;
/// Processor time of an endpoint, in billionths of a processor.
const ENDPOINT_CPUS: i64 = 1_000_000_000;
/// How long the engine may take to remove a container.
const REMOVED: Duration = Duration::from_secs(20);
/// Most bytes kept of what a helper writes to its standard error.
const LAST_WORDS: usize = 4 << 10;

/// Creates, attaches and starts. Whatever fails, no container is left.
pub async fn start(docker: &Docker, spec: &MachineSpec) -> Result<Box<dyn Machine>, LabError> {
    let name = format!("saiten-{}-{}", docker.run, spec.name);
    let what = || format!("cannot start endpoint `{}`", spec.name);
    let body = body(docker, spec).await?;
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let created = docker.client.create_container(Some(options), body).await.map_err(|err| explain(what(), &err))?;
    // From here on the container exists: it must not stay in state `Created` when a later step fails or is cancelled.
    let mut guard = Guard { docker: docker.client.clone(), id: Some(created.id.clone()) };
    let attach = AttachContainerOptionsBuilder::new().stdin(true).stdout(true).stderr(true).stream(true).build();
    let attached = docker.client.attach_container(&created.id, Some(attach)).await;
    let attached = attached.map_err(|err| explain(what(), &err))?;
    let started = docker.client.start_container(&created.id, None::<StartContainerOptions>).await;
    started.map_err(|err| explain(what(), &err))?;
    guard.id = None;
    Ok(Box::new(Container::new(docker, created.id, attached)))
}

/// Removes a container that was created but never became a machine.
struct Guard {
    docker: bollard::Docker,
    id: Option<String>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current()) {
            let docker = self.docker.clone();
            runtime.spawn(async move {
                let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                // `saiten sweep` finds what even this leaves.
                let _ = docker.remove_container(&id, Some(options)).await;
            });
        }
    }
}

async fn body(docker: &Docker, spec: &MachineSpec) -> Result<ContainerCreateBody, LabError> {
    let image = match &spec.image {
        Some(image) => image.clone(),
        None => images::base(docker, &|_| {}).await?.reference.clone(),
    };
    Ok(ContainerCreateBody {
        image: Some(image),
        hostname: Some(spec.hostname.clone()),
        entrypoint: Some(vec![PROGRAM.to_owned(), "init".to_owned()]),
        cmd: Some(Vec::new()),
        user: Some("0:0".to_owned()),
        working_dir: Some("/".to_owned()),
        open_stdin: Some(true),
        // The engine closes the helper's input when this process is gone, however it went.
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        labels: Some(docker.labels()),
        host_config: Some(host_config(spec, volume::ensure(docker).await?)),
        ..ContainerCreateBody::default()
    })
}

fn host_config(spec: &MachineSpec, helper_volume: String) -> HostConfig {
    let mut host = HostConfig {
        network_mode: Some("none".to_owned()),
        auto_remove: Some(true),
        // The helper's output would otherwise fill the disk as a log.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        memory: Some(i64::try_from(spec.memory).unwrap_or(i64::MAX)),
        memory_swap: Some(i64::try_from(spec.memory).unwrap_or(i64::MAX)),
        pids_limit: Some(spec.processes.into()),
        sysctls: Some(spec.sysctls.clone().into_iter().collect()),
        ..HostConfig::default()
    };
    let program = Mount {
        target: Some("/.saiten".to_owned()),
        source: Some(helper_volume),
        typ: Some(MountType::VOLUME),
        read_only: Some(true),
        ..Mount::default()
    };
    match &spec.role {
        Role::Switch => {
            host.mounts = Some(vec![program, wire()]);
            host.cap_drop = Some(vec!["ALL".to_owned()]);
            host.cpu_shares = Some(SWITCH_CPU_SHARES);
        }
        Role::Endpoint { .. } | Role::Alone => {
            host.mounts = Some(vec![program]);
            if let Role::Endpoint { switch, .. } = &spec.role {
                host.volumes_from = Some(vec![format!("{switch}:ro")]);
            }
            let helpers = HELPERS_OWN.to_string().trim_start_matches("CAP_").to_owned();
            let own = ["NET_ADMIN".to_owned(), "NET_RAW".to_owned(), helpers];
            host.cap_add = Some(own.into_iter().chain(spec.capabilities.iter().cloned()).collect());
            // One that never rests takes one processor, not all.
            host.nano_cpus = Some(ENDPOINT_CPUS);
            let tun = Some("/dev/net/tun".to_owned());
            let device = DeviceMapping {
                path_on_host: tun.clone(),
                path_in_container: tun,
                cgroup_permissions: Some("rw".to_owned()),
            };
            host.devices = Some(vec![device]);
        }
    }
    host
}

/// The volume on which endpoints find the switch: anonymous and in memory, so it goes with the switch.
fn wire() -> Mount {
    let options = [("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=64k,mode=0700")];
    let options: HashMap<String, String> =
        options.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let driver = MountVolumeOptionsDriverConfig { name: Some("local".to_owned()), options: Some(options) };
    Mount {
        target: Some("/.wire".to_owned()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions { driver_config: Some(driver), ..MountVolumeOptions::default() }),
        ..Mount::default()
    }
}

/// A running container.
struct Container {
    docker: bollard::Docker,
    id: String,
    streams: RefCell<Option<Streams>>,
    last_words: Rc<RefCell<Vec<u8>>>,
    greedy: disk::Ended,
    ending: Arc<Semaphore>,
}

impl Container {
    fn new(docker: &Docker, id: String, attached: AttachContainerResults) -> Self {
        let last_words = Rc::new(RefCell::new(Vec::new()));
        let kept = last_words.clone();
        let bytes = attached.output.filter_map(move |part| {
            let bytes = match part {
                Ok(LogOutput::StdOut { message }) => Some(Ok(message)),
                Ok(LogOutput::StdErr { message }) => {
                    let mut kept = kept.borrow_mut();
                    let room = LAST_WORDS.saturating_sub(kept.len());
                    kept.extend_from_slice(&message[..message.len().min(room)]);
                    None
                }
                Ok(_) => None,
                Err(err) => Some(Err(io::Error::other(err))),
            };
            std::future::ready(bytes)
        });
        let streams = Streams { input: Box::new(attached.input), output: Box::new(StreamReader::new(Box::pin(bytes))) };
        let (client, ending, greedy) = (docker.client.clone(), docker.ending.clone(), docker.greedy.clone());
        Container { docker: client, id, streams: RefCell::new(Some(streams)), last_words, greedy, ending }
    }
}

#[async_trait(?Send)]
impl Machine for Container {
    fn id(&self) -> &str {
        &self.id
    }

    fn streams(&self) -> Option<Streams> {
        self.streams.borrow_mut().take()
    }

    fn last_words(&self) -> String {
        let said = String::from_utf8_lossy(&self.last_words.borrow()).into_owned();
        self.greedy.borrow().get(&self.id).cloned().unwrap_or(said)
    }

    async fn turn_to_end(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed: there is always a turn.
        self.ending.clone().acquire_owned().await.ok()
    }

    async fn stop(&self) -> Result<(), LabError> {
        remove(&self.docker, &self.id).await
    }
}

/// Removes a container with its anonymous volumes and waits until it is gone. One that removes itself at the same time is fine.
pub async fn remove(docker: &bollard::Docker, id: &str) -> Result<(), LabError> {
    let what = || format!("cannot remove container {}", &id[..id.len().min(12)]);
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        Ok(()) => return Ok(()),
        Err(err) if is_missing(&err) => return Ok(()),
        Err(err) if is_conflict(&err) => {}
        Err(err) => return Err(explain(what(), &err)),
    }
    let deadline = Instant::now() + REMOVED;
    while Instant::now() < deadline {
        match docker.inspect_container(id, None::<InspectContainerOptions>).await {
            Err(err) if is_missing(&err) => return Ok(()),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    Err(LabError::TimedOut { what: what(), limit: REMOVED, last: String::new() })
}
