/** The switch answers, and has the ports that the testbed's file names. */
import { resolvePorts } from "../../probes/switch-ports.ts";
import { switchAddress } from "../switch.ts";
import { type Check, type Finding, failed, ok, warning } from "./finding.ts";

export const switchAnswers: Check = {
  name: "switch",
  essential: true,
  needs: [],
  run: async ({ testbed }) => {
    const { switch: spec } = testbed;
    if (!spec)
      return [
        warning(
          "switch",
          "none: bytes come from the hosts' interfaces alone",
          "switch: its address, community and ports",
        ),
      ];
    const ports = await resolvePorts(await switchAddress(spec), spec.ports);
    const shown = Object.entries(ports).map(([role, name]) => `${role} ${name}`);
    return [
      ok("switch", `SNMP at ${spec.address} answers; ${shown.join(", ") || "no ports are named"}`),
      ...twice(ports),
    ];
  },
};

function twice(ports: Readonly<Record<string, string>>): Finding[] {
  return [...new Set(Object.values(ports))].flatMap((name) => {
    const roles = Object.keys(ports).filter((role) => ports[role] === name);
    return roles.length > 1
      ? [failed("switch", `port ${name} is named for ${roles.join(" and ")}`, "switch.ports")]
      : [];
  });
}
