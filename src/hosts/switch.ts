/** The managed switch as the testbed's file tells of it, with its secret. */
import type { HostsTestbed } from "../model/hosts.ts";
import type { SwitchAddress } from "../probes/snmp.ts";
import { readSecret } from "./secrets.ts";

/** @throws MigrascopeError SECRET_MISSING */
export const switchAddress = async (spec: NonNullable<HostsTestbed["switch"]>): Promise<SwitchAddress> => ({
  address: spec.address,
  port: spec.port,
  community: await readSecret(spec.community),
});
