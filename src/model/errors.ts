/** The one table of what can go wrong, with what the user is to do next. */

/** Code → advice. The message of an error says what happened and where; the advice says what to do. */
export const ADVICE = {
  CONFIG_INVALID: "Correct the file at the place named; docs/configuration.md lists every key.",
  FILE_UNREADABLE: "Check the path and its permissions.",
  FILE_UNWRITABLE: "Free some space or choose another directory with --out.",
  RUN_INVALID: "This directory is not a run that this version can read; see the message for what is missing.",
  ARTIFACT_INVALID:
    "The artifact is truncated or of another format; the measurements that need it are reported as unknown.",
  PACKAGES_MISSING: "Run the command shown, then try again.",
  PRIVILEGE_MISSING: "`migrascope doctor` shows what this machine lacks and how to mend it.",
  KERNEL_LACKS: "The running kernel cannot do this; leave the setting out or use another kernel.",
  LAB_BROKEN: "`migrascope lab down` removes what is left; then start again.",
  LAB_ABSENT: "Start it with `migrascope lab up`.",
  LAB_BUSY: "Wait for the other run to end, or use a second lab: --name.",
  TESTBED_UNFIT: "`migrascope testbed check FILE` checks everything and says what mends it.",
  TESTBED_BUSY: "Wait for the other run on these hosts to end.",
  ANSWERS_ENDED: "Answer every question, or run the command on a terminal.",
  SECRET_MISSING: "The testbed file says where the secret is; put it there.",
  COMMAND_FAILED: "The command, its machine and its output are shown above.",
  HYPERVISOR_REFUSED: "The hypervisor's own words are shown above.",
  HYPERVISOR_LOST: "The connection to the hypervisor broke; its log is kept beside the pass's artifacts.",
  SETTING_UNSUPPORTED: "Leave this setting out of the plan or use a version that supports it.",
  VM_NOT_BOOTED: "The guest's console log is kept beside the pass's artifacts: see its last lines.",
  WORKLOAD_REFUSED: "Change the workload in the plan so that it fits the guest, or give the guest what it lacks.",
  WORKLOAD_FAILED:
    "The workload did not run as the plan says: the pass does not count. Its records are kept in workload.jsonl.",
  GUEST_UNREACHABLE: "Check that the guest accepts this key by SSH, and that its host key is the expected one.",
  MIGRATION_FAILED: "The hypervisor's reason is shown above; its logs are kept beside the pass's artifacts.",
  DISK_DIFFERS:
    "The VM's data is not what it was: trust neither this way of migrating nor the VM's disk until the cause is found.",
  DEADLINE_EXCEEDED: "Raise the deadline in the plan if the machine is only slow.",
  CANCELLED: "Interrupted on request; what was measured until then is kept.",
  SNMP_SILENT: "Check the switch's address, community and that its agent runs.",
  PROBER_FAILED: "`migrascope doctor` checks that the prober is built and permitted.",
  BUG: "This is a defect of Migrascope: please report it with the run directory.",
} as const;

export type ErrorCode = keyof typeof ADVICE;

/** An error that a user can act on. `where` is a place: `plan.yaml:3:5`, a host's name, a path. */
export class MigrascopeError extends Error {
  readonly code: ErrorCode;
  readonly where: string | undefined;
  /** Of a command that ended with a failure. */
  readonly exitCode: number | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    options: { where?: string | undefined; cause?: unknown; exitCode?: number | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MigrascopeError";
    this.code = code;
    this.where = options.where;
    this.exitCode = options.exitCode;
  }
  /** What to do next, in a sentence. */
  get advice(): string {
    return ADVICE[this.code];
  }
}

/** Wraps anything thrown into the one error type; what is already one passes unchanged. */
export function asMigrascopeError(error: unknown, code: ErrorCode = "BUG", where?: string): MigrascopeError {
  if (error instanceof MigrascopeError) return error;
  return new MigrascopeError(code, error instanceof Error ? error.message : String(error), { where, cause: error });
}
