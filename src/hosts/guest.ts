/** The guest as a machine: Migrascope's own by the key that was made with it, any other as the testbed's file says. */
import type { GuestImage } from "../guest/image.ts";
import type { HostsTestbed } from "../model/hosts.ts";
import type { Machine } from "../remote/machine.ts";
import { sshMachine } from "../remote/ssh.ts";

/** Seconds: a guest whose only vCPU is busy needs some for a key exchange under emulation. */
const CONNECT_TIMEOUT = 15;

type Guest = Pick<HostsTestbed, "vm" | "guest">;

const address = ({ vm }: Guest): string => vm.ipv4.split("/")[0]!;

/** @param controlPath socket of a shared connection; without it each command makes its own. */
export function adoptedGuest(testbed: Guest, controlPath: string | undefined): Machine {
  const { user, keyFile, knownHostsFile } = testbed.guest;
  return sshMachine(testbed.vm.name, {
    host: address(testbed),
    user,
    ...(keyFile !== undefined && { keyFile }),
    ...(knownHostsFile !== undefined && { knownHostsFile }),
    ...(controlPath !== undefined && { controlPath }),
    connectTimeout: CONNECT_TIMEOUT,
  });
}

export const ownGuest = (testbed: Guest, image: GuestImage, controlPath: string): Machine =>
  sshMachine(testbed.vm.name, {
    host: address(testbed),
    user: "root",
    keyFile: image.sshKey,
    knownHostsFile: image.knownHosts,
    controlPath,
    connectTimeout: CONNECT_TIMEOUT,
  });
