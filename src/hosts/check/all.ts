/** All checks, in the order in which one builds on the other. */

import { addresses } from "./addresses.ts";
import { clocks } from "./clocks.ts";
import type { Check } from "./finding.ts";
import { guest } from "./guest.ts";
import { kvm } from "./kvm.ts";
import { memory } from "./memory.ts";
import { peers } from "./peers.ts";
import { portsMove } from "./ports.ts";
import { privileges } from "./privileges.ts";
import { prober } from "./prober.ts";
import { processor } from "./processor.ts";
import { routes } from "./routes.ts";
import { ssh } from "./ssh.ts";
import { storages } from "./storages.ts";
import { switchAnswers } from "./switch.ts";
import { tools } from "./tools.ts";
import { versions } from "./versions.ts";
import { vm } from "./vm.ts";

export const CHECKS: readonly Check[] = [
  ssh,
  tools,
  privileges,
  versions,
  processor,
  memory,
  kvm,
  addresses,
  routes,
  peers,
  storages,
  clocks,
  switchAnswers,
  portsMove,
  vm,
  guest,
  prober,
];
