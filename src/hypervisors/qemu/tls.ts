/**
 * QEMU's own encryption of a migration: credentials on both ends (tls-creds-x509 in qapi/crypto.json), of which the incoming
 * side is the server. Both show a certificate and verify the other's.
 */
import { MigrascopeError } from "../../model/errors.ts";
import type { HostSetup, Instance } from "./instance.ts";
import { CREDENTIALS } from "./native.ts";
import { isObject, type Json, QmpError } from "./qmp/messages.ts";

/**
 * Gives QEMU its credentials: an earlier migration's, in which it had the other role, are taken away first.
 * @throws MigrascopeError SETTING_UNSUPPORTED with QEMU's words when there is no certificate or one that is no use.
 */
export async function giveCredentials(
  instance: Instance,
  host: HostSetup,
  endpoint: "server" | "client",
): Promise<void> {
  const { qmp, role } = instance;
  await takeCredentials(instance);
  if (!host.tls) return;
  const { directory: dir } = host.tls;
  try {
    await qmp.execute("object-add", {
      "qom-type": "tls-creds-x509",
      id: CREDENTIALS,
      dir,
      endpoint,
      "verify-peer": true,
    });
  } catch (error) {
    if (!(error instanceof QmpError)) throw error;
    const words = `transport tls: QEMU cannot use the ${endpoint}'s certificates in ${dir}: ${error.description}`;
    throw new MigrascopeError("SETTING_UNSUPPORTED", words, { where: role, cause: error });
  }
}

/** Idempotent. */
export async function takeCredentials({ qmp }: Instance): Promise<void> {
  const objects = await qmp.execute("qom-list", { path: "/objects" });
  const there =
    Array.isArray(objects) && (objects as readonly Json[]).some((each) => isObject(each) && each.name === CREDENTIALS);
  if (there) await qmp.execute("object-del", { id: CREDENTIALS });
}
