//! Removes what killed runs left on the engine, and only that.

use std::collections::HashMap;

use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptions};

use super::Docker;
use super::container;
use super::engine::{KIND_LABEL, OWNER_LABEL, RUN_LABEL};
use super::error::{explain, is_conflict, is_missing};
use super::volume;
use crate::lab::LabError;
use crate::lab::host::Owner;
use crate::lab::sweep::Swept;

/// Removes containers whose run is dead and helper volumes of other builds that nothing uses.
pub async fn sweep(docker: &Docker) -> Result<Swept, LabError> {
    let mut swept = sweep_dead(docker).await?;
    docker.sweep_volumes(&mut swept).await?;
    Ok(swept)
}

/// Removes only containers whose run is dead. A harness that is killed between two engine calls leaves one that was never
/// started, and so can never end by itself; the next run removes it.
pub async fn sweep_dead(docker: &Docker) -> Result<Swept, LabError> {
    let mut swept = Swept::default();
    docker.sweep_containers(&mut swept).await?;
    Ok(swept)
}

impl Docker {
    async fn sweep_containers(&self, swept: &mut Swept) -> Result<(), LabError> {
        let filters = HashMap::from([("label", vec![RUN_LABEL])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let listed = self.client.list_containers(Some(options)).await;
        for found in listed.map_err(|err| explain("cannot list containers", &err))? {
            let name = found.names.unwrap_or_default().join(",").trim_start_matches('/').to_owned();
            let owner = found.labels.and_then(|labels| Owner::parse(labels.get(OWNER_LABEL)?));
            let Some(id) = found.id else { continue };
            match owner.as_ref().and_then(Owner::is_alive) {
                Some(true) => swept.left.push(format!("container {name}: its run goes on")),
                Some(false) => {
                    container::remove(&self.client, &id).await?;
                    swept.removed.push(format!("container {name}"));
                }
                None if owner.is_some() => swept.left.push(format!("container {name}: made from another machine")),
                None => swept.left.push(format!("container {name}: has no owner that can be read")),
            }
        }
        Ok(())
    }

    async fn sweep_volumes(&self, swept: &mut Swept) -> Result<(), LabError> {
        let filters = HashMap::from([("label", vec![format!("{KIND_LABEL}=helper")])]);
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let listed = self.client.list_volumes(Some(options)).await;
        let current = volume::name(self)?;
        for found in listed.map_err(|err| explain("cannot list volumes", &err))?.volumes.unwrap_or_default() {
            if found.name == current {
                continue;
            }
            match self.client.remove_volume(&found.name, None::<RemoveVolumeOptions>).await {
                Ok(()) => swept.removed.push(format!("volume {}", found.name)),
                Err(err) if is_missing(&err) => {}
                Err(err) if is_conflict(&err) => swept.left.push(format!("volume {}: in use", found.name)),
                Err(err) => return Err(explain(format!("cannot remove volume {}", found.name), &err)),
            }
        }
        Ok(())
    }
}
