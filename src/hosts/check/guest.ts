/** The guest of an existing VM: it answers this machine by ping and SSH. */

import { sshMachine } from "../../remote/ssh.ts";
import { explainSsh } from "../../remote/ssh-failure.ts";
import { findDomain } from "../domain.ts";
import { guestAccess } from "../guest.ts";
import { type Check, failed, ok, skipped, wordsOf } from "./finding.ts";

export const guest: Check = {
  name: "guest",
  essential: false,
  needs: ["SSH", "VM"],
  run: async ({ testbed, hosts, benchmark }) => {
    const { from } = testbed.vm;
    if (!("domain" in from))
      return "image" in from
        ? [skipped("guest", "it does not run yet")]
        : [ok("guest", "Migrascope's own: it comes with its key, and its host key is known")];
    const domain = await findDomain(hosts.source, from.domain);
    if (domain?.state !== "running") return [skipped("guest", `the VM is ${domain?.state ?? "not there"}`)];
    const address = testbed.vm.ipv4.split("/")[0]!;
    const pinged = await benchmark.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", address]).then(
      () => true,
      () => false,
    );
    if (!pinged)
      return [
        failed(
          "guest",
          `${address} does not answer pings: the prober would see nothing but an outage`,
          "vm.ipv4, or the guest's firewall",
        ),
      ];
    try {
      const { stdout } = await sshMachine("guest", guestAccess(testbed)).run(["uname", "-s", "-m"]);
      return [ok("guest", `${address} answers pings and SSH: ${stdout.trim()}`)];
    } catch (error) {
      const { user, keyFile, knownHostsFile } = testbed.guest;
      const access = {
        host: address,
        port: 22,
        user,
        ...(keyFile !== undefined && { keyFile }),
        ...(knownHostsFile !== undefined && { knownHostsFile }),
      };
      const meaning = explainSsh((error as Error).message, access);
      return [
        failed(
          "guest",
          `${user}@${address}: ${meaning?.detail ?? wordsOf(error)}`,
          meaning?.mend ?? "guest.user, guest.keyFile",
        ),
      ];
    }
  },
};
