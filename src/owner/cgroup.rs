//! What a process's control groups tell: its systemd unit, its container.

use procfs::ProcessCGroups;

/// What the control groups of a process tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cgroup {
    /// The innermost service, scope or other unit of systemd.
    pub(super) unit: Option<String>,
    /// The container, by engine and identifier.
    pub(super) container: Option<String>,
}

/// Engines write 64 digits, people are shown 12.
const ID_LEN: usize = 64;
const SHOWN: usize = 12;

impl Cgroup {
    pub(super) fn of(cgroups: &ProcessCGroups) -> Cgroup {
        let paths: Vec<&str> = cgroups.0.iter().map(|group| &*group.pathname).collect();
        Cgroup::of_paths(&paths)
    }

    fn of_paths(paths: &[&str]) -> Cgroup {
        Cgroup {
            unit: paths.iter().find_map(|path| unit(path)),
            container: paths.iter().find_map(|path| container(path)),
        }
    }
}

fn unit(path: &str) -> Option<String> {
    let is_unit = |name: &&str| {
        [".service", ".scope", ".mount", ".socket"]
            .iter()
            .any(|kind| name.ends_with(kind))
    };
    path.rsplit('/').find(is_unit).map(str::to_owned)
}

/// `docker-ID.scope`, `/docker/ID`, `libpod-ID.scope`, `cri-containerd-ID.scope`, `/kubepods/…/ID`, `/lxc/NAME`,
/// `/lxc.payload.NAME`, `machine-NAME.scope`.
fn container(path: &str) -> Option<String> {
    let mut before = "";
    for name in path.split('/') {
        if let Some(name) = name.strip_prefix("lxc.payload.") {
            return Some(format!("lxc {name}"));
        }
        if before == "lxc" && !name.is_empty() {
            return Some(format!("lxc {name}"));
        }
        let bare = name.strip_suffix(".scope").unwrap_or(name);
        if let Some(machine) = bare.strip_prefix("machine-") {
            return Some(format!("machine {machine}"));
        }
        let (engine, id) = bare.rsplit_once('-').unwrap_or((before, bare));
        let is_id = id.len() == ID_LEN && id.bytes().all(|octet| octet.is_ascii_hexdigit());
        if is_id {
            let engine = match engine {
                "docker" => "docker",
                "libpod" => "podman",
                "crio" => "cri-o",
                "cri-containerd" => "containerd",
                _ => "container",
            };
            return Some(format!("{engine} {}", id.get(..SHOWN).unwrap_or(id)));
        }
        before = name;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn units_and_containers_are_found_in_the_path() {
        for (path, unit, container) in [
            ("/", None, None),
            ("/init.scope", Some("init.scope"), None),
            (
                "/system.slice/apt-daily.service",
                Some("apt-daily.service"),
                None,
            ),
            (
                "/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.scope",
                Some("app-foo.scope"),
                None,
            ),
            (
                "/system.slice/docker-ID.scope",
                Some("docker-ID.scope"),
                Some("docker 0123456789ab"),
            ),
            ("/docker/ID", None, Some("docker 0123456789ab")),
            (
                "/machine.slice/libpod-ID.scope/container",
                Some("libpod-ID.scope"),
                Some("podman 0123456789ab"),
            ),
            (
                "/kubepods.slice/kubepods-pod7.slice/cri-containerd-ID.scope",
                Some("cri-containerd-ID.scope"),
                Some("containerd 0123456789ab"),
            ),
            (
                "/kubepods/besteffort/pod7/ID",
                None,
                Some("container 0123456789ab"),
            ),
            (
                "/lxc.payload.web/init.scope",
                Some("init.scope"),
                Some("lxc web"),
            ),
            ("/lxc/web", None, Some("lxc web")),
        ] {
            let found = Cgroup::of_paths(&["/", &path.replace("ID", ID)]);
            let unit = unit.map(|unit| unit.replace("ID", ID));
            assert_eq!(found.unit, unit, "{path}");
            assert_eq!(found.container.as_deref(), container, "{path}");
        }
    }
}
