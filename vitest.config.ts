import { defineConfig } from "vitest/config";

/** Tests of hosts under libvirt. */
const HOSTS = [
  "test/hosts/**/*.real.test.ts",
  "test/hypervisors/libvirt/**/*.real.test.ts",
  "test/lab/libvirt.test.ts",
  "test/e2e/hosts.test.ts",
  "test/e2e/libvirt-kill.test.ts",
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/lab/**", "test/e2e/**", "test/native/**", "test/**/*.real.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        // Real hosts under libvirt, where the question is what becomes of a VM, not how long it takes: two files at a time.
        test: {
          name: "hosts",
          include: HOSTS,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Real QEMU, namespaces, browsers, sanitizers: one file at a time, or they would measure each other.
        test: {
          name: "real",
          include: [
            "test/lab/**/*.test.ts",
            "test/e2e/**/*.test.ts",
            "test/native/**/*.test.ts",
            "test/**/*.real.test.ts",
          ],
          exclude: HOSTS,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          // After the unit tests, not beside them: what is measured here shall have the machine to itself.
          sequence: { groupOrder: 1 },
          maxConcurrency: 3,
        },
      },
    ],
  },
});
