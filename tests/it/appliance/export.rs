//! Makes appliances as VirtualBox 6 and 7 and VMware's ovftool export them, and archives that no export writes.

use std::fmt::Write as _;

use sha1::{Digest, Sha1};
use sha2::Sha256;
use tar::{EntryType, Header};

/// Files with their names, in order.
pub type Files = Vec<(String, Vec<u8>)>;

/// Who exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// OVF 1.0: SHA-1, blanks in the manifest, which comes last.
    VirtualBox6,
    /// OVF 2.0: SHA-256, the rest likewise.
    VirtualBox7,
    /// Networks by the host's names, sizes, the manifest in the second place.
    Ovftool,
}

/// A network adapter: slot, whether it is enabled, its MAC address, and the mode's element as VirtualBox writes it; ovftool
/// has its network's name instead.
#[derive(Debug, Clone)]
pub struct Nic {
    pub slot: u32,
    pub enabled: bool,
    pub mac: String,
    pub mode: String,
}

/// An enabled adapter.
pub fn nic(slot: u32, mode: &str) -> Nic {
    Nic { slot, enabled: true, mac: format!("0800275A10{:02X}", slot + 1), mode: mode.to_owned() }
}

/// The course's machine: NAT to work in it, and the bridge that makes the trouble.
pub const BRIDGE: &str = r#"<BridgedInterface name="Realtek PCIe GBE Family Controller"/>"#;
pub const NAT: &str = "<NAT/>";
pub const HOST_ONLY: &str = r#"<HostOnlyInterface name="VirtualBox Host-Only Ethernet Adapter"/>"#;

/// An export in the making.
#[derive(Debug, Clone)]
pub struct Export {
    pub maker: Maker,
    /// Of the machine and its files.
    pub name: String,
    pub nics: Vec<Nic>,
    pub disk: Vec<u8>,
    /// Bytes, as the descriptor states them.
    pub capacity: String,
}

impl Export {
    pub fn new(maker: Maker, nics: &[Nic]) -> Self {
        let disk = (0..1800_u32).map(|at| (at * 7 % 251) as u8).collect();
        Export { maker, name: "cent7".to_owned(), nics: nics.to_vec(), disk, capacity: "8589934592".to_owned() }
    }

    pub fn disk_name(&self) -> String {
        let ending = if self.maker == Maker::Ovftool { "disk1" } else { "disk001" };
        format!("{}-{ending}.vmdk", self.name)
    }

    /// The descriptor.
    pub fn descriptor(&self) -> String {
        match self.maker {
            Maker::VirtualBox6 => self.virtualbox("1", "1.16-windows", "Item"),
            Maker::VirtualBox7 => self.virtualbox("2", "1.19-windows", "EthernetPortItem"),
            Maker::Ovftool => self.ovftool(),
        }
    }

    /// A file in the order of the archive, with the manifest where its maker has it.
    pub fn files(&self) -> Files {
        let name = |ending: &str| format!("{}.{ending}", self.name);
        let mut files = vec![(name("ovf"), self.descriptor().into_bytes()), (self.disk_name(), self.disk.clone())];
        let manifest = self.manifest(&files);
        let at = if self.maker == Maker::Ovftool { 1 } else { 2 };
        files.insert(at, (name("mf"), manifest.into_bytes()));
        files
    }

    /// The manifest of these files.
    pub fn manifest(&self, files: &[(String, Vec<u8>)]) -> String {
        let mut text = String::new();
        for (name, bytes) in files {
            match self.maker {
                Maker::VirtualBox6 => writeln!(text, "SHA1 ({name}) = {}", hex(&Sha1::digest(bytes))),
                Maker::VirtualBox7 => writeln!(text, "SHA256 ({name}) = {}", hex(&Sha256::digest(bytes))),
                Maker::Ovftool => writeln!(text, "SHA256({name})= {}", hex(&Sha256::digest(bytes))),
            }
            .unwrap();
        }
        text
    }

    pub fn ova(&self) -> Vec<u8> {
        tar(&self.files())
    }

    fn virtualbox(&self, version: &str, settings: &str, item: &str) -> String {
        let (name, disk, capacity) = (&self.name, self.disk_name(), &self.capacity);
        let ovf = format!("http://schemas.dmtf.org/ovf/envelope/{version}");
        let (networks, items, adapters) = self.of_virtualbox(item);
        format!(
            r#"<?xml version="1.0"?>
<Envelope ovf:version="{version}.0" xml:lang="en-US" xmlns="{ovf}" xmlns:ovf="{ovf}" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References>
    <File ovf:id="file1" ovf:href="{disk}"/>
  </References>
  <DiskSection>
    <Info>List of the virtual disks used in the package</Info>
    <Disk ovf:capacity="{capacity}" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Logical networks used in the package</Info>{networks}
  </NetworkSection>
  <VirtualSystem ovf:id="{name}">
    <Info>A virtual machine</Info>
    <VirtualHardwareSection>
      <Info>Virtual hardware requirements for a virtual machine</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>{name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>virtualbox-2.2</vssd:VirtualSystemType>
      </System>{items}
    </VirtualHardwareSection>
    <vbox:Machine ovf:required="false" version="{settings}" uuid="{{8ffdf553-21bf-437e-bdea-13907ed80b66}}" name="{name}" OSType="RedHat_64" snapshotFolder="Snapshots">
      <ovf:Info>Complete VirtualBox machine configuration in VirtualBox format</ovf:Info>
      <Hardware>
        <Memory RAMSize="1024"/>
        <Network>{adapters}
          <Adapter slot="7" cable="true"/>
        </Network>
      </Hardware>
    </vbox:Machine>
  </VirtualSystem>
</Envelope>
"#
        )
    }

    /// Networks, items and adapters of all NICs.
    fn of_virtualbox(&self, item: &str) -> (String, String, String) {
        let (mut networks, mut items, mut adapters) = (String::new(), String::new(), String::new());
        for (at, nic) in self.nics.iter().enumerate() {
            let network = self.network(nic);
            let (slot, enabled, mac, mode) = (nic.slot, nic.enabled, &nic.mac, &nic.mode);
            let cable = if self.maker == Maker::VirtualBox6 { r#" cable="true""# } else { "" };
            write!(
                adapters,
                r#"
          <Adapter slot="{slot}" enabled="{enabled}" MACAddress="{mac}"{cable} type="82540EM">
            <DisabledModes>
              <BridgedInterface name="some other NIC"/>
              <InternalNetwork name="intnet"/>
              <NATNetwork name="NatNetwork"/>
            </DisabledModes>
            {mode}
          </Adapter>"#
            )
            .unwrap();
            if nic.enabled {
                let id = at + 5;
                write!(networks, "\n    <Network ovf:name=\"{network}\"><Description>Logical network used by this appliance.</Description></Network>").unwrap();
                write!(items, "\n      <{item}><rasd:AutomaticAllocation>true</rasd:AutomaticAllocation><rasd:Caption>Ethernet adapter on '{network}'</rasd:Caption><rasd:Connection>{network}</rasd:Connection><rasd:InstanceID>{id}</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></{item}>").unwrap();
            }
        }
        (networks, items, adapters)
    }

    fn ovftool(&self) -> String {
        let (name, disk, capacity, size) = (&self.name, self.disk_name(), &self.capacity, self.disk.len());
        let (mut networks, mut items) = (String::new(), String::new());
        for nic in &self.nics {
            let (network, id) = (self.network(nic), nic.slot + 6);
            write!(
                networks,
                "\n    <Network ovf:name=\"{network}\"><Description>The {network} network</Description></Network>"
            )
            .unwrap();
            write!(items, "\n      <Item><rasd:AddressOnParent>2</rasd:AddressOnParent><rasd:AutomaticAllocation>{}</rasd:AutomaticAllocation><rasd:Connection>{network}</rasd:Connection><rasd:Description>E1000 ethernet adapter on &quot;{network}&quot;</rasd:Description><rasd:ElementName>ethernet{}</rasd:ElementName><rasd:InstanceID>{id}</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType><vmw:Config ovf:required=\"false\" vmw:key=\"slotInfo.pciSlotNumber\" vmw:value=\"33\"/></Item>", nic.enabled, nic.slot).unwrap();
        }
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!--Generated by VMware ovftool 4.6.3 (build-24031167)-->
<Envelope vmw:buildId="build-24031167" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References>
    <File ovf:href="{}" ovf:id="file1" ovf:size="{size}"/>
  </References>
  <DiskSection>
    <Info>Virtual disk information</Info>
    <Disk ovf:capacity="{capacity}" ovf:capacityAllocationUnits="byte" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized" ovf:populatedSize="24033287168"/>
  </DiskSection>
  <NetworkSection>
    <Info>The list of logical networks</Info>{networks}
  </NetworkSection>
  <VirtualSystem ovf:id="vm">
    <Info>A virtual machine</Info>
    <Name>{name}</Name>
    <VirtualHardwareSection>
      <Info>Virtual hardware requirements</Info>
      <System>
        <vssd:VirtualSystemIdentifier>{name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-08</vssd:VirtualSystemType>
      </System>
      <Item><rasd:ElementName>4 virtual CPU(s)</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType></Item>{items}
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
"#,
            disk.replace(' ', "%20")
        )
    }

    /// The logical network of an adapter: VirtualBox knows only its kind.
    fn network(&self, nic: &Nic) -> String {
        if self.maker == Maker::Ovftool {
            return nic.mode.clone();
        }
        let kinds = [("<NAT/>", "NAT"), ("<Bridged", "Bridged"), ("<HostOnlyI", "HostOnly"), ("<Internal", "Internal")];
        let kind = kinds.iter().find(|(start, _)| nic.mode.starts_with(start));
        kind.map_or("Null", |(_, name)| name).to_owned()
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An archive of these files, as VirtualBox writes it: ustar, ended by blocks of zeros.
pub fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    ended(files.iter().map(|(name, bytes)| member(EntryType::Regular, name.as_bytes(), bytes.len() as u64, bytes)))
}

/// Members and the end mark.
pub fn ended(members: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes: Vec<u8> = members.into_iter().flatten().collect();
    bytes.extend([0; 1024]);
    bytes
}

/// One member, whatever its header says of the content.
pub fn member(kind: EntryType, name: &[u8], size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o640);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_700_000_000);
    let field = &mut header.as_old_mut().name;
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}
