/** How the network learned where the VM is now: RARP, gratuitous ARP, unsolicited neighbour advertisements. */
import type { Announcement } from "../model/result.ts";
import type { CaptureLog } from "../run/read/capture.ts";
import type { CapturePlace } from "./artifacts.ts";
import type { Timeline } from "./timeline.ts";

/** Those of the VM, by its MAC address, in the order of time. */
export function announcementsOf(
  captures: readonly { readonly place: CapturePlace; readonly log: CaptureLog }[],
  mac: string,
  timeline: Timeline,
): Announcement[] {
  return captures
    .flatMap(({ place, log }) =>
      log.announcements
        .filter((frame) => frame.mac === mac.toLowerCase())
        .map(({ time, kind }) => ({ t: timeline.wall(place, log.base, time), kind, seenAt: place })),
    )
    .sort((a, b) => a.t - b.t || (a.seenAt < b.seenAt ? -1 : a.seenAt > b.seenAt ? 1 : 0));
}
