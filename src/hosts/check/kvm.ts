/** KVM on both hosts, proven by a guest that boots. */
import { ensureGuestImage } from "../../guest/image.ts";
import { kvmVerdicts } from "../accelerator.ts";
import { ROLES } from "../machines.ts";
import { type Check, failed, ok, warning } from "./finding.ts";

export const kvm: Check = {
  name: "KVM",
  // A run asks for itself which accelerator it gets.
  essential: false,
  needs: ["SSH", "privileges"],
  run: async ({ testbed, hosts }) => {
    if (testbed.accelerator === "tcg") return [warning("KVM", "not asked for: guests are emulated (accelerator: tcg)")];
    const verdicts = await kvmVerdicts(hosts, await ensureGuestImage());
    return ROLES.map((role) => {
      const name = `KVM ${role}`;
      const { usable, reason } = verdicts[role];
      if (usable) return ok(name, reason);
      return testbed.accelerator === "kvm"
        ? failed(name, reason, "virtualization in the firmware and `modprobe kvm`, or accelerator: auto")
        : warning(name, `${reason}; guests are emulated, which is far slower`, "accelerator: tcg to ask for it");
    });
  },
};
