import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairsForTests, SLOW } from "./pair.ts";
import { Relay } from "./relay.ts";

const { poweredOn } = pairsForTests();
let directory: string;
let strangers: string;

/** Certificates as QEMU wants them, made by GnuTLS's certtool: an authority of our own, and both ends' for 127.0.0.1. */
function makeCertificates(): string {
  const where = mkdtempSync(join(tmpdir(), "msq-tls-"));
  const file = (name: string): string => join(where, name);
  const certtool = (...args: string[]): void => void execFileSync("certtool", args, { stdio: "ignore" });
  const key = (name: string): void => certtool("--generate-privkey", "--key-type=ecdsa", "--outfile", file(name));
  const template = (name: string, lines: string[]): string => {
    writeFileSync(file(name), `${lines.join("\n")}\n`);
    return file(name);
  };
  key("ca-key.pem");
  const authority = template("ca.cfg", ["cn = authority", "ca", "cert_signing_key"]);
  certtool(
    "--generate-self-signed",
    "--load-privkey",
    file("ca-key.pem"),
    "--template",
    authority,
    "--outfile",
    file("ca-cert.pem"),
  );
  for (const [end, usage] of [
    ["server", "tls_www_server"],
    ["client", "tls_www_client"],
  ]) {
    key(`${end}-key.pem`);
    const lines = [`cn = ${end}.migration`, "dns_name = vm-host", "ip_address = 127.0.0.1", usage!, "signing_key"];
    certtool(
      "--generate-certificate",
      ...["--load-ca-certificate", file("ca-cert.pem"), "--load-ca-privkey", file("ca-key.pem")],
      ...["--load-privkey", file(`${end}-key.pem`), "--template", template(`${end}.cfg`, lines)],
      ...["--outfile", file(`${end}-cert.pem`)],
    );
  }
  return where;
}

beforeAll(() => {
  directory = makeCertificates();
  strangers = makeCertificates();
});
afterAll(() => {
  for (const each of [directory, strangers]) rmSync(each, { recursive: true, force: true });
});

const both = (tls: { directory: string; hostname?: string }) => ({ source: { tls }, destination: { tls } });

describe("transport tls", () => {
  test("encrypts there and back, and is off again when it is not asked for", async () => {
    const pair = await poweredOn(both({ directory }));
    for (const [from, to] of [
      ["source", "destination"],
      ["destination", "source"],
    ] as const) {
      const outcome = await pair.migrate(from, { transport: "tls", downtimeLimit: "500ms" });
      expect(outcome).toMatchObject({ status: "completed", runsOn: to });
      for (const host of ["source", "destination"])
        expect(outcome.settings).toContainEqual({
          name: "transport",
          native: "tls-creds",
          host,
          asked: "tls",
          effective: "tls",
        });
    }
    const plain = await pair.migrate("source", { transport: "tcp", downtimeLimit: "500ms" });
    expect(plain).toMatchObject({ status: "completed" });
    expect(plain.settings).toContainEqual(
      expect.objectContaining({ name: "transport", asked: "tcp", effective: "tcp" }),
    );
    await pair.livesOn("destination");
  });

  test.each([
    ["tls", /^1603/u],
    ["tcp", new RegExp(`^${Buffer.from("QEVM").toString("hex")}`, "u")],
  ])("is what goes over the wire: %s", async (transport, expected) => {
    await using relay = await Relay.start();
    const tls = { directory, hostname: "vm-host" };
    const relayed = {
      migrationAddress: { ipv4: "127.0.0.2" },
      migrationListen: "127.0.0.1",
      migrationPort: relay.port,
    };
    const pair = await poweredOn({ source: { tls }, destination: { tls, ...relayed } });
    await pair.migrate("source", { transport, downtimeLimit: "500ms" });
    expect(relay.firstBytes.map((chunk) => chunk.toString("hex"))).toEqual([expect.stringMatching(expected)]);
  });

  test.each([
    ["multifd, and a name of its own in the certificate", { multifd: { channels: 2 } }, "vm-host"],
    ["post-copy", { postCopy: { afterRound: 0 } }, undefined],
  ])("goes with %s", async (_what, more, hostname) => {
    const pair = await poweredOn(both({ directory, ...(hostname !== undefined && { hostname }) }));
    const outcome = await pair.migrate("source", { transport: "tls", downtimeLimit: "500ms", ...more });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    await pair.livesOn("destination");
  });

  test("fails when the other side's certificate is of another authority, and the VM goes on", async () => {
    const pair = await poweredOn({ source: { tls: { directory: strangers } }, destination: { tls: { directory } } });
    const outcome = await pair.migrate("source", { transport: "tls" });
    expect(outcome).toMatchObject({ status: "failed", runsOn: "source" });
    expect(outcome.reason).toMatch(/certificate/iu);
    await pair.livesOn("source");
    const again = await pair.migrate("source", { downtimeLimit: "500ms" });
    expect(again).toMatchObject({ status: "completed" });
  });

  test("is refused by name without certificates, and in QEMU's words when they are not there", async () => {
    const pair = await poweredOn({ source: { tls: { directory } } });
    const refusal = {
      code: "SETTING_UNSUPPORTED",
      where: "destination",
      message: expect.stringContaining("transport tls"),
    };
    await expect(pair.migrate("source", { transport: "tls" })).rejects.toMatchObject(refusal);
    const other = await poweredOn(both({ directory: join(directory, "nowhere") }));
    await expect(other.migrate("source", { transport: "tls", bandwidth: SLOW })).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
      message: expect.stringMatching(/transport tls.*nowhere.*ca-cert\.pem/u),
    });
    expect(other.processes()).toHaveLength(1);
  });
});
