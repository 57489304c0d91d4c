//! The native backend's store: layers as directories, images as small files that name them, built steps, the helper's program.
//! Whatever has its name here is whole; what is being made has its maker's name, and is swept when the maker is dead.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::ids::Mapping;
use crate::evidence::bundle::{hash_file, hex};
use crate::image::archive::Start;
use crate::lab::LabError;
use crate::lab::host::Owner;
use crate::lab::line::random;

/// Version of the layout; another one lives in another directory.
const LAYOUT: &str = "v1";
/// Name of the layer that lies on top of every image: the places that a sandbox mounts on.
pub const PLACES: &str = "places";
/// How long a program is kept that no run has used; no run takes that long to start its endpoints.
const PROGRAM_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Directories of a store, and their modes: endpoints' ids pass through, and list nothing.
const DIRECTORIES: [(&str, u32); 8] = [
    ("mnt", 0o711),
    ("run", 0o711),
    ("layers", 0o711),
    ("making", 0o711),
    ("programs", 0o711),
    ("images", 0o700),
    ("steps", 0o700),
    ("archives", 0o700),
];

/// An open store.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// A layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// SHA-256 of its tar archive, as image configurations write it: `sha256:<hex>`.
    pub diff_id: String,
    /// Bytes of its archive.
    pub size: u64,
}

/// An image: its layers, bottom first, and what its Dockerfile set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Layers, bottom first.
    pub layers: Vec<Layer>,
    /// Environment.
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub workdir: String,
    /// What it starts by itself, if it was brought.
    #[serde(default)]
    pub start: Start,
    /// Digest of the configuration that it was brought with; empty for what was built here.
    #[serde(default)]
    pub id: String,
    /// When it was made, as it says itself.
    #[serde(default)]
    pub created: String,
}

impl Layer {
    /// Its directory, relative to the store. A third of the digest: mount(2) takes one page for all layers of an image.
    pub fn dir(&self) -> String {
        let digest = self.diff_id.trim_start_matches("sha256:");
        format!("layers/{}", digest.get(..24).unwrap_or(digest))
    }
}

impl Image {
    /// Directories of its layers and of the places to mount on, the topmost first. A layer that it has twice, as steps
    /// without an effect give, counts where it lies topmost: overlayfs takes no directory twice.
    pub fn below(&self) -> Vec<String> {
        let mut below = vec![format!("layers/{PLACES}")];
        for dir in self.layers.iter().rev().map(Layer::dir) {
            if !below.contains(&dir) {
                below.push(dir);
            }
        }
        below
    }

    /// Bytes of all layers.
    pub fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }
}

impl Store {
    /// Opens the store below `dir`; makes it if need be.
    ///
    /// # Errors
    /// A directory that cannot be made, belongs to somebody else or is open to them, or was filled under other ids.
    pub fn open(dir: &Path, mapping: &Mapping) -> Result<Self, LabError> {
        let what = || format!("cannot use the store {}", dir.display());
        let own = |source| LabError::Own { what: what(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(own)?;
        let found = fs::metadata(dir).map_err(own)?;
        let owner = found.uid();
        let user = nix::unistd::geteuid().as_raw();
        if owner != user {
            let reason =
                format!("it belongs to user {owner}, this is user {user}; choose another with SAITEN_STORE=DIR");
            return Err(LabError::backend(what(), reason));
        }
        // Layers hold set-user-id programs: whoever can reach them becomes the owner of all layers.
        if found.mode() & 0o077 != 0 {
            let reason = format!("other users of this machine can enter it; `chmod 700 {}`", dir.display());
            return Err(LabError::backend(what(), reason));
        }
        let root = dir.join(LAYOUT);
        let store = Store { root: root.canonicalize().unwrap_or(root) };
        make_directory(&store.root, 0o711).map_err(own)?;
        for (name, mode) in DIRECTORIES {
            make_directory(&store.root.join(name), mode).map_err(own)?;
        }
        store.check_ids(mapping).map_err(|reason| LabError::backend(what(), reason))?;
        Ok(Store { root: store.root.canonicalize().map_err(own)? })
    }

    fn check_ids(&self, mapping: &Mapping) -> Result<(), String> {
        let path = self.root.join("ids");
        match fs::read_to_string(&path) {
            Ok(label) if label.trim() == mapping.label() => Ok(()),
            Ok(label) => Err(format!(
                "its files belong to ids {}, yours are {} now; restore the range in /etc/subuid, or remove the store \
                 as root, or choose another with SAITEN_STORE=DIR",
                label.trim(),
                mapping.label()
            )),
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                self.write_whole(&path, mapping.label().as_bytes()).map_err(|err| err.to_string())
            }
            Err(err) => Err(err.to_string()),
        }
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Puts the program in, under a name that says what is in it; gives its path relative to the store.
    ///
    /// # Errors
    /// A program that cannot be read, or a full disk.
    pub fn put_program(&self, program: &Path) -> Result<String, LabError> {
        let own = |source| LabError::Own { what: "cannot put the helper into the store".to_owned(), source };
        let name = format!("programs/{}", &hash_file(program).map_err(own)?[..24]);
        let path = self.root.join(&name);
        if !path.is_file() {
            // Closed: a program that somebody has open for writing cannot be started (ETXTBSY).
            let part = self.part().map_err(own)?.into_temp_path();
            let written =
                fs::copy(program, &part).and_then(|_| fs::set_permissions(&part, fs::Permissions::from_mode(0o555)));
            written.and_then(|()| part.persist(&path).map_err(|err| err.error)).map_err(own)?;
        }
        // Says that it is in use; see `old_programs`. That it cannot be said costs a copy, later.
        let _ = fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Ok(name)
    }

    /// Programs of other builds that nobody has used lately, and what was left of copying one; relative to the store.
    pub fn old_programs(&self) -> Vec<String> {
        let is_old = |entry: &fs::DirEntry| {
            let used = entry.metadata().and_then(|data| data.modified()).ok();
            used.and_then(|used| used.elapsed().ok()).is_some_and(|unused| unused > PROGRAM_KEPT)
        };
        let found = fs::read_dir(self.root.join("programs")).into_iter().flatten().flatten().filter(is_old);
        found.filter_map(|entry| Some(format!("programs/{}", entry.file_name().into_string().ok()?))).collect()
    }

    /// A name for something that this process makes; relative to the store. A sweep knows its maker by it.
    ///
    /// # Errors
    /// When the kernel gives no random bytes.
    pub fn making(&self) -> Result<String, LabError> {
        let owner = Owner::this();
        Ok(format!("making/{}.{}.{}", owner.pid, owner.started, fresh()?))
    }

    /// A file that this process makes, in the same place: it is persisted when it is whole.
    ///
    /// # Errors
    /// A full disk.
    pub fn part(&self) -> io::Result<tempfile::NamedTempFile> {
        let owner = Owner::this();
        let maker = format!("{}.{}.", owner.pid, owner.started);
        tempfile::Builder::new().prefix(&maker).tempfile_in(self.root.join("making"))
    }

    /// What dead processes were making; relative to the store.
    pub fn abandoned(&self) -> Vec<String> {
        let is_dead = |name: &String| {
            let mut parts = name.split('.').map(|part| part.parse::<u64>().ok());
            let (pid, started) = (parts.next().flatten(), parts.next().flatten());
            let owner = Owner {
                pid: pid.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0),
                started: started.unwrap_or(0),
                ..Owner::this()
            };
            owner.is_alive() == Some(false)
        };
        let found = fs::read_dir(self.root.join("making")).into_iter().flatten().flatten();
        let names = found.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_dead);
        names.map(|name| format!("making/{name}")).collect()
    }

    /// Whether the layer is there.
    pub fn has(&self, layer: &Layer) -> bool {
        self.root.join(layer.dir()).is_dir()
    }

    /// An image with all its layers, if it is there.
    pub fn image(&self, reference: &str) -> Option<Image> {
        let text = fs::read(self.image_file(reference)).ok()?;
        let image: Image = serde_json::from_slice(&text).ok()?;
        image.layers.iter().all(|layer| self.has(layer)).then_some(image)
    }

    /// Gives an image its name.
    ///
    /// # Errors
    /// A full disk.
    pub fn name_image(&self, reference: &str, image: &Image) -> io::Result<()> {
        self.write_whole(&self.image_file(reference), &serde_json::to_vec_pretty(image)?)
    }

    /// Takes an image's name away.
    ///
    /// # Errors
    /// A file system that does not let it go.
    pub fn unname_image(&self, reference: &str) -> io::Result<()> {
        match fs::remove_file(self.image_file(reference)) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
            _ => Ok(()),
        }
    }

    /// `sha256:…` of all layers that an image or a build step names.
    pub fn layers_in_use(&self) -> BTreeSet<String> {
        let texts = |kind: &str| {
            let entries = fs::read_dir(self.root.join(kind)).into_iter().flatten().flatten();
            entries.filter_map(|entry| fs::read(entry.path()).ok()).collect::<Vec<_>>()
        };
        let images = texts("images").into_iter().filter_map(|text| serde_json::from_slice::<Image>(&text).ok());
        let steps = texts("steps").into_iter().filter_map(|text| serde_json::from_slice::<Layer>(&text).ok());
        images.flat_map(|image| image.layers).chain(steps).map(|layer| layer.diff_id).collect()
    }

    fn image_file(&self, reference: &str) -> PathBuf {
        // A reference has no `%` (the grammar of distribution/reference); a file name no `/`.
        self.root.join("images").join(reference.replace('/', "%2F"))
    }

    /// The layer that a build step gave, if it was built before.
    pub fn step(&self, key: &str) -> Option<Layer> {
        let layer: Layer = serde_json::from_slice(&fs::read(self.root.join("steps").join(key)).ok()?).ok()?;
        self.has(&layer).then_some(layer)
    }

    /// Remembers what a build step gave.
    ///
    /// # Errors
    /// A full disk.
    pub fn remember_step(&self, key: &str, layer: &Layer) -> io::Result<()> {
        self.write_whole(&self.root.join("steps").join(key), &serde_json::to_vec(layer)?)
    }

    /// Where the archive of a layer is kept as it came, so that it can be handed on bit for bit.
    pub fn archive(&self, layer: &Layer) -> PathBuf {
        self.root.join("archives").join(layer.diff_id.trim_start_matches("sha256:"))
    }

    /// Waits until no other process makes or loads images here.
    ///
    /// # Errors
    /// A lock that the file system does not give.
    pub async fn turn(&self) -> Result<fs::File, LabError> {
        let path = self.root.join("lock");
        let own = |source| LabError::Own { what: format!("cannot lock {}", path.display()), source };
        let file = fs::File::create(&path).map_err(own)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(fs::TryLockError::Error(err)) => return Err(own(err)),
            }
        }
    }

    fn write_whole(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut part = self.part()?;
        part.write_all(bytes)?;
        part.as_file().sync_data()?;
        part.persist(path).map(drop).map_err(|err| err.error)
    }
}

fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    match fs::DirBuilder::new().mode(mode).create(path) {
        // The mode is not the umask's to decide.
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(err) => Err(err),
    }
}

fn fresh() -> Result<String, LabError> {
    Ok(hex(&random::<6>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::message::Ids;

    fn mapping(first: u32) -> Mapping {
        Mapping { ids: Ids { first, count: 65536 }, subordinate: None }
    }

    #[test]
    fn a_store_is_bound_to_its_ids() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(&dir.path().join("s"), &mapping(5)).unwrap();
        Store::open(&dir.path().join("s"), &mapping(5)).unwrap();
        let refused = Store::open(&dir.path().join("s"), &mapping(6)).unwrap_err().to_string();
        assert!(refused.contains("5 +65536") && refused.contains("SAITEN_STORE"), "{refused}");
    }

    #[test]
    fn a_store_that_others_can_enter_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, fine) in [(0o711, false), (0o750, false), (0o700, true)] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            let opened = Store::open(dir.path(), &mapping(5)).map(drop).map_err(|err| err.to_string());
            assert_eq!(opened.is_ok(), fine, "{mode:o}: {opened:?}");
        }
        let made = dir.path().join("a/b");
        Store::open(&made, &mapping(5)).unwrap();
        assert_eq!(fs::metadata(made).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn an_image_is_there_only_with_all_its_layers() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("s"), &mapping(5)).unwrap();
        let layer = Layer { diff_id: format!("sha256:{}", "ab".repeat(32)), size: 7 };
        let image = Image { layers: vec![layer.clone()], ..Image::default() };
        store.name_image("a/b:c", &image).unwrap();
        assert_eq!(store.image("a/b:c"), None);
        fs::create_dir(store.root().join(layer.dir())).unwrap();
        assert_eq!(store.image("a/b:c"), Some(image.clone()));
        assert_eq!(image.below(), ["layers/places".to_owned(), layer.dir()]);
        let other = Layer { diff_id: format!("sha256:{}", "cd".repeat(32)), size: 7 };
        let twice = Image { layers: vec![layer.clone(), other.clone(), layer.clone()], ..Image::default() };
        assert_eq!(twice.below(), ["layers/places".to_owned(), layer.dir(), other.dir()]);
        fs::write(store.root().join("images/a%2Fb:c"), "{\"layers\": [").unwrap();
        assert_eq!(store.image("a/b:c"), None);
    }

    #[test]
    fn what_a_dead_process_was_making_is_known_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("s"), &mapping(5)).unwrap();
        let owner = Owner::this();
        let dead = format!("making/{}.{}.00", owner.pid, owner.started + 1);
        for name in [dead.clone(), store.making().unwrap(), "making/rubbish".to_owned()] {
            fs::create_dir(store.root().join(name)).unwrap();
        }
        let part = store.part().unwrap();
        let mut abandoned = store.abandoned();
        abandoned.sort();
        assert!(part.path().is_file());
        assert_eq!(abandoned, [dead, "making/rubbish".to_owned()]);
    }
}
