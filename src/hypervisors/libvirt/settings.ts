/** Migration settings: from our names and units to the options of `virsh migrate`. */
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { MigrationKind } from "../../model/movement.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import { compareVersions } from "../qemu/versions.ts";
import type { Abilities } from "./abilities.ts";

/** One setting of ours and what virsh takes for it. */
interface Knob {
  readonly name: string;
  /** virsh's name for it, for messages. */
  readonly native: string;
  /** First version of libvirt that has it; `null`: none known to us. */
  readonly since: string | null;
  asked(settings: MigrationSettings): unknown;
  options(settings: MigrationSettings): readonly string[];
}

const MIB = 2 ** 20;
/** virsh counts whole MiB/s; "at most" is rounded down. */
const mebibytes = (bitsPerSecond: number): string => String(Math.max(1, Math.floor(bitsPerSecond / 8 / MIB)));
const percent = (share: number): string => String(Math.round(share * 100));

const knob = (
  name: string,
  native: string,
  since: string | null,
  asked: Knob["asked"],
  options: Knob["options"] = () => [],
): Knob => ({ name, native, since, asked, options });

/** No version of libvirt offers it. */
const never = (name: string, native: string, asked: Knob["asked"]): Knob => knob(name, native, null, asked);

/**
 * Versions: docs/manpages/virsh.rst and the `Since` marks of virDomainMigrateFlags and VIR_MIGRATE_PARAM_* in
 * libvirt-domain.h; parallel compression: the release notes of libvirt 9.4.
 */
const KNOBS: readonly Knob[] = [
  knob(
    "bandwidth",
    "--bandwidth",
    "5.1",
    (s) => s.bandwidth,
    (s) => ["--bandwidth", mebibytes(s.bandwidth!)],
  ),
  // Set by a command of its own before the migration, see `downtimeLimit` in prepare.ts.
  knob("downtimeLimit", "migrate-setmaxdowntime", "0.8", (s) => s.downtimeLimit),
  knob(
    "autoConverge",
    "--auto-converge",
    "1.2.3",
    (s) => s.autoConverge,
    () => ["--auto-converge"],
  ),
  knob(
    "autoConverge.initial",
    "--auto-converge-initial",
    "2.0",
    (s) => s.autoConverge?.initial,
    (s) => ["--auto-converge-initial", percent(s.autoConverge!.initial!)],
  ),
  knob(
    "autoConverge.increment",
    "--auto-converge-increment",
    "2.0",
    (s) => s.autoConverge?.increment,
    (s) => ["--auto-converge-increment", percent(s.autoConverge!.increment!)],
  ),
  never("autoConverge.maximum", "max-cpu-throttle", (s) => s.autoConverge?.maximum),
  never("dirtyLimit", "dirty-limit", (s) => s.dirtyLimit),
  knob(
    "postCopy",
    "--postcopy",
    "1.3.3",
    (s) => s.postCopy,
    () => ["--postcopy"],
  ),
  knob(
    "postCopy.bandwidth",
    "--postcopy-bandwidth",
    "5.1",
    // QEMU does not apply the bandwidth once post-copy has begun; "at most" must hold there too.
    (s) => s.postCopy && (s.postCopy.bandwidth ?? s.bandwidth),
    (s) => ["--postcopy-bandwidth", mebibytes((s.postCopy!.bandwidth ?? s.bandwidth)!)],
  ),
  knob(
    "postCopy.preempt",
    "--postcopy-preempt",
    "10.0",
    (s) => s.postCopy?.preempt || undefined,
    () => ["--postcopy-preempt"],
  ),
  knob("pause", "suspend", "0.0.6", (s) => s.pause),
  knob(
    "xbzrle",
    "--comp-methods xbzrle",
    "1.3.4",
    (s) => s.xbzrle,
    () => ["--compressed", "--comp-methods", "xbzrle"],
  ),
  knob(
    "xbzrle.cache",
    "--comp-xbzrle-cache",
    "1.3.4",
    (s) => s.xbzrle?.cache,
    // QEMU takes only powers of two.
    (s) => ["--comp-xbzrle-cache", String(2 ** Math.floor(Math.log2(s.xbzrle!.cache!)))],
  ),
  knob(
    "multifd",
    "--parallel",
    "5.2",
    (s) => s.multifd,
    () => ["--parallel"],
  ),
  knob(
    "multifd.channels",
    "--parallel-connections",
    "5.2",
    (s) => s.multifd?.channels,
    (s) => ["--parallel-connections", String(s.multifd!.channels)],
  ),
  knob(
    "multifd.compression",
    "--comp-methods with --parallel",
    "9.4",
    (s) => named(s.multifd?.compression, ["zlib", "zstd"]),
    (s) => ["--compressed", "--comp-methods", s.multifd!.compression!],
  ),
  never("multifd.compression", "multifd-compression", (s) => named(s.multifd?.compression, ["qpl", "uadk", "qatzip"])),
  knob(
    "multifd.level",
    "--comp-zlib-level or --comp-zstd-level",
    "9.4",
    (s) => s.multifd?.level,
    (s) => [`--comp-${s.multifd!.compression}-level`, String(s.multifd!.level)],
  ),
  knob(
    "zeroCopy",
    "--zerocopy",
    "8.5",
    (s) => s.zeroCopy || undefined,
    () => ["--zerocopy"],
  ),
  knob(
    "transport tls",
    "--tls",
    "3.2",
    (s) => (s.transport === "tls" ? s.transport : undefined),
    () => ["--tls"],
  ),
  knob(
    "transport ssh",
    "--tunnelled",
    "0.7.2",
    (s) => (s.transport === "ssh" ? s.transport : undefined),
    () => ["--tunnelled"],
  ),
];

/** The name if it is one of these. */
const named = (name: string | undefined, names: readonly string[]): string | undefined =>
  name !== undefined && names.includes(name) ? name : undefined;

/** The options of `virsh migrate` for the settings, but for those that say where to. */
export function migrateOptions(settings: MigrationSettings): string[] {
  const options = KNOBS.filter((each) => each.asked(settings) !== undefined).flatMap((each) => each.options(settings));
  // virsh takes the list of methods once.
  return options.filter((option, index) => option !== "--compressed" || options.indexOf(option) === index);
}

/** @throws MigrascopeError SETTING_UNSUPPORTED naming setting, host, version and what would support it. */
export function refuseUnsupported(
  settings: MigrationSettings,
  host: HostRole,
  { version }: Pick<Abilities, "version">,
): void {
  const refuse = (what: string): never => {
    throw new MigrascopeError("SETTING_UNSUPPORTED", what, { where: host });
  };
  for (const { name, native, since, asked } of KNOBS) {
    if (asked(settings) === undefined) continue;
    if (since === null)
      refuse(
        `libvirt ${version} has no ${name} (${native}): no version known to Migrascope offers it; use the driver qemu`,
      );
    else if (compareVersions(version, since) < 0)
      refuse(`libvirt ${version} has no ${name} (${native}): libvirt ${since} is the first version that has it`);
  }
  if (settings.transport === "ssh" && settings.path === "direct")
    refuse("transport ssh tunnels through the connection between the two libvirts: it needs path peer-to-peer");
  if (settings.transport === "ssh" && settings.multifd)
    refuse("libvirt cannot tunnel a migration over several connections: leave out multifd, or transport ssh");
  if (settings.xbzrle && settings.multifd) refuse("QEMU cannot combine xbzrle with multifd: leave one of them out");
  if (settings.zeroCopy && !settings.multifd) refuse("zeroCopy needs multifd");
  if (settings.zeroCopy && settings.transport === "tls")
    refuse("zeroCopy cannot send what is encrypted (transport tls)");
  if (settings.multifd?.level !== undefined && named(settings.multifd.compression, ["zlib", "zstd"]) === undefined)
    refuse("multifd.level is of the compressions zlib and zstd");
}

/** @throws MigrascopeError SETTING_UNSUPPORTED for what libvirt does not combine with this kind of migration. */
export function refuseForKind({ transport }: MigrationSettings, kind: MigrationKind): void {
  if (transport !== "ssh" || (kind !== "storage" && kind !== "storage-incremental")) return;
  // VIR_MIGRATE_TUNNELLED excludes VIR_MIGRATE_NON_SHARED_DISK and _INC since QEMU copies disks by NBD alone.
  throw new MigrascopeError(
    "SETTING_UNSUPPORTED",
    `libvirt cannot tunnel a migration of kind ${kind}, whose disk goes over a connection of its own: use transport tls or tcp, or kind storage-then-memory`,
  );
}
