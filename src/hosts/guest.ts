/** How the guest is reached: Migrascope's own by the key that was made with it, any other as the testbed's file says. */
import type { GuestImage } from "../guest/image.ts";
import type { HostsTestbed } from "../model/hosts.ts";
import type { SshTarget } from "../remote/ssh.ts";

/** Seconds: a guest whose only vCPU is busy needs some for a key exchange under emulation. */
const CONNECT_TIMEOUT = 15;

/** @param image Migrascope's own; without it the guest is another's. */
export function guestAccess(testbed: Pick<HostsTestbed, "vm" | "guest">, image?: GuestImage): SshTarget {
  const { user, keyFile, knownHostsFile } = testbed.guest;
  const base = { host: testbed.vm.ipv4.split("/")[0]!, connectTimeout: CONNECT_TIMEOUT };
  if (image) return { ...base, user: "root", keyFile: image.sshKey, knownHostsFile: image.knownHosts };
  return {
    ...base,
    user,
    ...(keyFile !== undefined && { keyFile }),
    ...(knownHostsFile !== undefined && { knownHostsFile }),
  };
}
