/** A testbed's file with its comments, as `testbed init` writes it. */
import { type Document, isMap, isPair, isScalar, Document as YamlDocument } from "yaml";
import type { z } from "zod";
import type { HostsTestbed } from "../model/hosts.ts";

/** As it stands in the file: quantities with their units, defaults left out. */
export type HostsFile = z.input<typeof HostsTestbed>;

const HEAD = ` A testbed of real machines. docs/hosts.md explains every key;
 \`migrascope testbed check\` tries all of it before anything is migrated.`;

/** What stands above a key. */
const COMMENTS: Readonly<Record<string, string>> = {
  accelerator: " kvm, tcg (emulated), or auto: kvm when a guest has really booted under it on both hosts",
  hosts:
    " ssh: how this machine logs in; its key must be known, and nothing is ever asked.\n" +
    " peer: the libvirt URI by which the OTHER host reaches it.\n" +
    " service: the bridge that the VM is plugged into. migration: what migrations go over.",
  benchmark: " this machine's interface on the service network: the prober runs here",
  switch:
    " the managed switch. community: where the secret is ({env: NAME} or {file: PATH}), never the secret itself.\n" +
    " ports: by name, or by the hardware address of the machine behind it",
  storages:
    " where disks are, by the names that plans use. A directory is each host's own, or shared: true;\n" +
    " nfs and iscsi are reached by QEMU's own clients. An iSCSI LUN is overwritten.",
  vm:
    " from: {domain: NAME} adopts an existing VM, {image: PATH} makes one from a disk image on the source,\n" +
    " {guest: migrascope} is a small guest of our own. Addresses are on the service network.",
  guest: " how the guest of an existing VM or image is reached by SSH",
};

/** Characters. */
const LINE = 100;

/** @returns YAML that `HostsTestbed` accepts when the value does. */
export function hostsYaml(file: HostsFile): string {
  const document = new YamlDocument(file, { aliasDuplicateObjects: false });
  document.commentBefore = HEAD;
  for (const [key, comment] of Object.entries(COMMENTS)) commentOn(document, key, comment);
  flatten(document.contents);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function commentOn(document: Document, key: string, comment: string): void {
  if (!isMap(document.contents)) return;
  const pair = document.contents.items.find((item) => isScalar(item.key) && item.key.value === key);
  if (pair && isScalar(pair.key)) {
    pair.key.commentBefore = comment;
    pair.key.spaceBefore = true;
  }
}

/** A map without maps in it is written on one line, if that is short. */
function flatten(node: unknown): void {
  if (!isMap(node)) return;
  for (const item of node.items) if (isPair(item)) flatten(item.value);
  const innermost = node.items.every(({ value }) => !isMap(value));
  if (node.items.length > 0 && innermost && JSON.stringify(node.toJSON()).length < LINE) node.flow = true;
}
