import { defineConfig } from "vitest/config";

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
        // Real QEMU, namespaces, browsers, sanitizers: one file at a time, or they would measure each other.
        test: {
          name: "real",
          include: [
            "test/lab/**/*.test.ts",
            "test/e2e/**/*.test.ts",
            "test/native/**/*.test.ts",
            "test/**/*.real.test.ts",
          ],
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
