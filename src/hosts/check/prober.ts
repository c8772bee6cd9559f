/** The prober is built and may send here. */
import { z } from "zod";
import { nativePrograms } from "../../probes/native.ts";
import { type Check, failed, ok, warning } from "./finding.ts";

const Answer = z.looseObject({ ipv4: z.boolean(), ipv6: z.boolean(), realtime: z.boolean() });

export const prober: Check = {
  name: "prober",
  essential: true,
  needs: [],
  run: async ({ benchmark }) => {
    const programs = await nativePrograms();
    const { stdout } = await benchmark.run([programs.prober, "--check"]);
    const { ipv4, ipv6, realtime } = Answer.parse(JSON.parse(stdout));
    const mend = `sudo setcap cap_net_raw,cap_sys_nice,cap_ipc_lock+ep ${programs.prober}, or run as root`;
    if (!ipv4) return [failed("prober", "built, but it may not open raw sockets", mend)];
    if (!realtime) return [warning("prober", "no real-time priority: other processes may make it late", mend)];
    return [
      ok("prober", `built; it may send ${ipv6 ? "IPv4 and IPv6" : "IPv4, but not IPv6"}, with real-time priority`),
    ];
  },
};
