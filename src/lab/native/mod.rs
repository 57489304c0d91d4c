//! The native backend: labs without a daemon, as root or as an ordinary user. A zygote clones the endpoints; images are layers
//! in a store of our own.

mod build;
mod client;
mod ids;
mod images;
mod machine;
pub mod probe;
mod store;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use crate::helper::message::{Offers, PROGRAM};
use crate::lab::base::Release;
use crate::lab::host::{self, Owner};
use crate::lab::sources::ImageState;
use crate::lab::sweep::Swept;
use crate::lab::{Backend, ImageFacts, LabError, Machine, MachineSpec, Note, look};
use crate::sandbox::limits;
use crate::sandbox::message::{Begin, Change, Root};
use client::Zygote;
use ids::Mapping;
use machine::{SCRATCH, Sandbox, start_of};
use store::{Image, PLACES, Store};

/// The native backend, for one run.
pub struct Native {
    run: String,
    sources: PathBuf,
    /// What the images stand on.
    release: Release,
    program: PathBuf,
    mapping: Mapping,
    store: Store,
    /// Starts endpoints; it has left the machine's network.
    labs: OnceCell<Rc<Zygote>>,
    /// Makes images; it has not.
    builder: OnceCell<Rc<Zygote>>,
}

impl Native {
    /// Opens the store.
    ///
    /// # Errors
    /// No ids for endpoints, or a store that cannot be used.
    pub fn open(run: &str, sources: PathBuf, store: &Path) -> Result<Self, LabError> {
        let mapping = Mapping::of_this_user()
            .map_err(|err| LabError::backend("cannot use the native backend", err.to_string()))?;
        let store = Store::open(store, &mapping)?;
        Ok(Native {
            run: run.to_owned(),
            sources,
            release: Release::default(),
            // Not `current_exe`: that file may have been replaced by a newer build since this process started.
            program: PathBuf::from("/proc/self/exe"),
            mapping,
            store,
            labs: OnceCell::new(),
            builder: OnceCell::new(),
        })
    }

    /// Uses another program as helper than this one: for programs that are not Saiten's own.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    async fn labs(&self) -> Result<Rc<Zygote>, LabError> {
        self.labs.get_or_try_init(|| self.zygote(false)).await.cloned()
    }

    async fn builder(&self) -> Result<Rc<Zygote>, LabError> {
        self.builder.get_or_try_init(|| self.zygote(true)).await.cloned()
    }

    async fn zygote(&self, online: bool) -> Result<Rc<Zygote>, LabError> {
        let owner = Owner::this();
        let begin = Begin {
            run: self.run.clone(),
            pid: owner.pid,
            started: owner.started,
            store: self.store.root().display().to_string(),
            program: self.store.put_program(&self.program)?,
            ids: self.mapping.ids,
            own_ids: self.mapping.subordinate.is_some(),
            online,
        };
        let zygote = Zygote::start(&self.program, begin, &self.mapping).await?;
        self.make_places(&zygote).await.map_err(|why| LabError::backend("cannot prepare the store", why))?;
        Ok(Rc::new(zygote))
    }

    /// Makes the layer of places to mount on, if it is not there.
    async fn make_places(&self, zygote: &Zygote) -> Result<(), String> {
        let layer = format!("layers/{PLACES}");
        if self.store.root().join(&layer).is_dir() {
            return Ok(());
        }
        let dir = self.store.making().map_err(|err| err.chain())?;
        zygote.change(Change::Make(dir.clone())).await?;
        let archive = places().map_err(|err| err.to_string())?;
        zygote.unpack(&archive, Root::Plain(dir.clone()), false, (1 << 20, 64)).await?;
        match zygote.change(Change::Move(dir.clone(), layer.clone())).await {
            // Another Saiten may have been quicker.
            Err(_) if self.store.root().join(&layer).is_dir() => zygote.change(Change::Remove(dir)).await,
            other => other,
        }
    }

    /// Has the images stand on another release.
    #[must_use]
    pub fn on_release(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    /// Removes what dead processes were making in the store.
    async fn sweep_store(&self) -> Result<Vec<String>, LabError> {
        let mut abandoned = self.store.abandoned();
        abandoned.extend(self.store.old_programs());
        for dir in &abandoned {
            let removed = self.builder().await?.change(Change::Remove(dir.clone())).await;
            removed.map_err(|why| LabError::backend(format!("cannot remove {dir} from the store"), why))?;
        }
        Ok(abandoned)
    }

    /// The machine's root: its image's layers, and room to write.
    fn root(&self, spec: &MachineSpec, zygote: &Zygote) -> Result<Root, LabError> {
        let layers = match &spec.image {
            None => Image::default().below(),
            Some(reference) => {
                let gone = || {
                    let what = format!("cannot start endpoint `{}`", spec.name);
                    LabError::backend(what, format!("image {reference} is gone"))
                };
                self.store.image(reference).ok_or_else(gone)?.below()
            }
        };
        if zygote.settled.scratch_in_memory {
            Ok(Root::Scratch { layers, bytes: SCRATCH.0, inodes: SCRATCH.1 })
        } else {
            Ok(Root::Discarded { layers, dir: self.store.making()? })
        }
    }
}

/// The places that every sandbox mounts on, so that no image has to have them, and none can put a symbolic link there.
fn places() -> std::io::Result<std::fs::File> {
    use std::io::Seek;
    let mut archive = tar::Builder::new(tempfile::tempfile()?);
    let mut add = |path: &str, kind: tar::EntryType, mode: u32| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        archive.append_data(&mut header, path, std::io::empty())
    };
    for dir in ["dev", "etc", "proc", "sys", ".saiten", ".wire"] {
        add(dir, tar::EntryType::Directory, 0o755)?;
    }
    for file in ["etc/hostname", "etc/hosts", "etc/resolv.conf", &PROGRAM[1..]] {
        add(file, tar::EntryType::Regular, 0o644)?;
    }
    let mut file = archive.into_inner()?;
    file.rewind()?;
    Ok(file)
}

#[async_trait(?Send)]
impl Backend for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, LabError> {
        let zygote = self.labs().await?;
        let start = start_of(&self.run, spec, self.root(spec, &zygote)?, zygote.settled.tun)?;
        let started = Sandbox::start(&zygote, start).await;
        let sandbox =
            started.map_err(|why| LabError::backend(format!("cannot start endpoint `{}`", spec.name), why))?;
        Ok(Box::new(sandbox))
    }

    async fn image(&self, name: &str, note: &Note<'_>) -> Result<String, LabError> {
        images::ensure(self, name, note).await
    }

    async fn describe(&self) -> Result<Vec<(String, String)>, LabError> {
        let settled = self.labs().await?.settled.clone();
        let whose = match self.mapping.subordinate {
            None => "root; endpoints have ids of nobody",
            Some(_) => "an ordinary user; endpoints have its subordinate ids",
        };
        let mut facts = vec![
            ("backend".to_owned(), self.name().to_owned()),
            ("started by".to_owned(), whose.to_owned()),
            ("store".to_owned(), "layers on overlayfs".to_owned()),
            ("nics".to_owned(), if settled.tun { "TAP" } else { "veth and packet sockets" }.to_owned()),
            ("limits".to_owned(), settled.limits),
        ];
        let unlimited: Vec<&str> = settled.unlimited.iter().map(|missing| missing.what.as_str()).collect();
        if !unlimited.is_empty() {
            facts.push(("not limited".to_owned(), unlimited.join(", ")));
        }
        facts.extend(host::describe());
        Ok(facts)
    }

    async fn offers(&self) -> Result<Offers, LabError> {
        let mut offers = look::offers(self).await?;
        if !self.labs().await?.settled.tun {
            // The endpoint finds no device; why it has none shows outside only.
            for offer in offers.features.iter_mut().filter(|offer| offer.feature == "tun") {
                offer.detail = format!("/dev/net/tun cannot be opened; try `{}`", probe::OPEN_TUN);
            }
        }
        Ok(offers)
    }

    async fn images(&self) -> Result<Vec<ImageState>, LabError> {
        images::list(self)
    }

    async fn inspect(&self, reference: &str) -> Result<Option<ImageFacts>, LabError> {
        Ok(images::inspect(self, reference))
    }

    async fn save(&self, file: &Path, names: &[String]) -> Result<usize, LabError> {
        images::save(self, file, names).await
    }

    async fn load_as(&self, file: &Path, reference: &str, most: u64) -> Result<(), LabError> {
        images::load_as(self, file, reference, most).await
    }

    async fn forget(&self, reference: &str) -> Result<(), LabError> {
        images::forget_image(self, reference).await
    }

    async fn load(&self, file: &Path) -> Result<Vec<String>, LabError> {
        images::load(self, file).await
    }

    async fn sweep(&self) -> Result<Swept, LabError> {
        let mut swept = self.sweep_dead().await?;
        let _turn = self.store.turn().await?;
        swept.removed.extend(self.sweep_store().await?);
        Ok(swept)
    }

    async fn sweep_dead(&self) -> Result<Swept, LabError> {
        let this = Owner::this();
        let alive = |pid, started| Owner { pid, started, ..this.clone() }.is_alive() == Some(true);
        let mut removed = limits::sweep(&alive);
        for dir in self.store.abandoned() {
            let done = self.labs().await?.change(Change::Remove(dir.clone())).await;
            done.map_err(|why| LabError::backend(format!("cannot remove {dir} from the store"), why))?;
            removed.push(dir);
        }
        Ok(Swept { removed, left: Vec::new() })
    }
}
