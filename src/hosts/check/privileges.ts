/** What we may do on each host: command its libvirt, write where libvirt reads, capture packets. */
import type { Machine } from "../../remote/machine.ts";
import { ROLES } from "../machines.ts";
import { LOCAL_URI, virsh } from "../virsh.ts";
import { asFinding, type Check, type Finding, failed, ok, warning, wordsOf } from "./finding.ts";

export const privileges: Check = {
  name: "privileges",
  essential: true,
  needs: ["SSH"],
  run: ({ hosts, testbed }) =>
    Promise.all(
      ROLES.map((role) =>
        asFinding(`privileges ${role}`, () =>
          privilegesOn(`privileges ${role}`, hosts[role], testbed.hosts[role].ssh.user),
        ),
      ),
    ),
};

async function privilegesOn(name: string, machine: Machine, user: string): Promise<Finding> {
  const { stdout } = await machine.run(["sh", "-c", "id -u; id -Gn"]);
  const [id = "", groups = ""] = stdout.trim().split("\n");
  const root = id === "0";
  const member = groups.split(" ").includes("libvirt");
  try {
    await virsh(machine, ["version"]);
  } catch (error) {
    return failed(
      name,
      `${user} cannot command ${LOCAL_URI}: ${wordsOf(error)}`,
      mendFor((error as Error).message, user),
    );
  }
  if (root) return ok(name, "root, and libvirt obeys");
  return warning(
    name,
    `${user} is not root${member ? ", but of the group libvirt" : ""}: no packets are captured on this host, and disks can be made only where ${user} may write`,
    "ssh.user: root",
  );
}

function mendFor(said: string, user: string): string {
  if (/not found|No such file or directory: virsh/u.test(said))
    return "install libvirt and its client: apt-get install libvirt-daemon-system libvirt-clients";
  if (/Permission denied|authentication unavailable|polkit|access denied/iu.test(said))
    return `usermod -aG libvirt ${user} on the host, or ssh.user: root`;
  return "systemctl start libvirtd (or virtqemud.socket) on the host";
}
