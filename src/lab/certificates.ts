/** TLS between the hosts: a certificate authority of the lab's own, and a certificate for each host. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostRole } from "../model/machines.ts";
import { localMachine } from "../remote/local.ts";
import type { BareLab } from "./init.ts";
import { addressesOf, namesOf } from "./names.ts";
import { writeOwnFile } from "./own-files.ts";
import { HOSTS } from "./topology.ts";

/** Where libvirt looks for certificates of its own when its settings say nothing (docs/kbase/tlscerts of libvirt). */
const LIBVIRT_FILES = {
  authority: "/etc/pki/CA/cacert.pem",
  certificates: ["/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/clientcert.pem"],
  keys: ["/etc/pki/libvirt/private/serverkey.pem", "/etc/pki/libvirt/private/clientkey.pem"],
} as const;
/** The directory with the certificates of a host's QEMUs, and what QEMU calls them there. */
export const QEMU_CERTIFICATES = "/etc/pki/qemu";
const QEMU_FILES = {
  authority: `${QEMU_CERTIFICATES}/ca-cert.pem`,
  certificates: [`${QEMU_CERTIFICATES}/server-cert.pem`, `${QEMU_CERTIFICATES}/client-cert.pem`],
  keys: [`${QEMU_CERTIFICATES}/server-key.pem`, `${QEMU_CERTIFICATES}/client-key.pem`],
} as const;

const DAYS = 3650;
const AUTHORITY = ["cn = Migrascope lab", "ca", "cert_signing_key", `expiration_days = ${DAYS}`];

/** One certificate serves both ends: each host is the server of one migration and the client of another. */
const template = (host: HostRole): string[] => [
  `cn = ${host}`,
  ...namesOf(host).map((name) => `dns_name = ${name}`),
  ...addressesOf(host).map((address) => `ip_address = ${address}`),
  "tls_www_server",
  "tls_www_client",
  "signing_key",
  "encryption_key",
  `expiration_days = ${DAYS}`,
];

/** @throws MigrascopeError COMMAND_FAILED with what certtool said. */
export async function giveCertificates(lab: BareLab): Promise<void> {
  const directory = join(lab.directory, "tls");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(directory, name);
  const certtool = (...args: string[]): Promise<unknown> => localMachine().run(["certtool", ...args]);
  const make = async (name: string, lines: readonly string[], ...how: string[]): Promise<void> => {
    writeFileSync(file(`${name}.template`), `${lines.join("\n")}\n`);
    // RSA: libvirt insists on a key that may encipher others.
    await certtool("--generate-privkey", "--key-type=rsa", "--bits=2048", "--outfile", file(`${name}.key`));
    const files = ["--load-privkey", file(`${name}.key`), "--template", file(`${name}.template`)];
    await certtool(...how, ...files, "--outfile", file(`${name}.pem`));
  };
  await make("authority", AUTHORITY, "--generate-self-signed");
  const signed = ["--load-ca-certificate", file("authority.pem"), "--load-ca-privkey", file("authority.key")];
  for (const host of HOSTS) {
    await make(host, template(host), "--generate-certificate", ...signed);
    const text = (name: string): string => readFileSync(file(name), "utf8");
    for (const { authority, certificates, keys } of [LIBVIRT_FILES, QEMU_FILES]) {
      writeOwnFile(lab, host, authority, text("authority.pem"));
      for (const path of certificates) writeOwnFile(lab, host, path, text(`${host}.pem`));
      for (const path of keys) writeOwnFile(lab, host, path, text(`${host}.key`), 0o600);
    }
  }
}
