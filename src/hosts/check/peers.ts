/** The hosts reach each other's libvirt, as a peer-to-peer migration needs, and each other's SSH, as copies of disks do. */

import type { SshAccess } from "../../model/hosts.ts";
import { type HostRole, other } from "../../model/machines.ts";
import { explainSsh } from "../../remote/ssh-failure.ts";
import { ROLES } from "../machines.ts";
import { copyAddress, peerUri } from "../peer.ts";
import { virsh } from "../virsh.ts";
import { type Check, type CheckContext, type Finding, failed, ok, warning, wordsOf } from "./finding.ts";

export const peers: Check = {
  name: "peers",
  essential: true,
  needs: ["SSH", "privileges"],
  run: async (context) =>
    (
      await Promise.all(ROLES.map(async (from) => [await management(context, from), await copying(context, from)]))
    ).flat(),
};

/** How the other host is reached from a host, for the words about it: neither our key nor our known_hosts. */
const seenFrom = (access: Pick<SshAccess, "host" | "port" | "user">): SshAccess => ({
  host: access.host,
  port: access.port,
  user: access.user,
});

async function management({ testbed, hosts }: CheckContext, from: HostRole): Promise<Finding> {
  const to = other(from);
  const name = `peer ${from}`;
  const uri = peerUri(testbed.hosts[to]);
  try {
    await virsh(hosts[from], ["version"], uri);
    return ok(name, `the ${from} reaches the ${to}'s libvirt: ${uri}`);
  } catch (error) {
    const meaning = explainSsh((error as Error).message, seenFrom(testbed.hosts[to].ssh));
    const detail = `the ${from} does not reach the ${to}'s libvirt at ${uri}: ${meaning?.detail ?? wordsOf(error)}`;
    return failed(name, detail, meaning ? `on the ${from}: ${meaning.mend}` : `hosts.${to}.peer`);
  }
}

async function copying({ testbed, hosts }: CheckContext, from: HostRole): Promise<Finding> {
  const to = other(from);
  const name = `copies ${from}`;
  const { user, host, port } = copyAddress(testbed.hosts[to]);
  const quiet = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"];
  try {
    await hosts[from].run(["ssh", ...quiet, "-p", String(port), "-l", user, "--", host, "true"]);
    return ok(name, `the ${from} copies to ${user}@${host}`);
  } catch (error) {
    const meaning = explainSsh((error as Error).message, { user, host, port });
    const detail = `the ${from} cannot log in to ${user}@${host}: ${meaning?.detail ?? wordsOf(error)}; no cold migration`;
    return warning(name, detail, meaning && `on the ${from}: ${meaning.mend}`);
  }
}
