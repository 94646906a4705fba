import { defineConfig, type ViteUserConfig } from "vitest/config";

/**
 * The vitest configuration every package shares. `test-results.json` (a declared turbo output, so that a cached run
 * still counts) is what `kc test` adds up for its last line.
 */
export function vitestBase(overrides: NonNullable<ViteUserConfig["test"]> = {}): ViteUserConfig {
  return defineConfig({
    test: {
      include: ["src/**/*.test.ts", "test/**/*.test.ts"],
      reporters: ["default", "json"],
      outputFile: { json: "test-results.json" },
      // A cache of its own for each package: suites that run at the same time clear the shared one under each other.
      fsModuleCachePath: "node_modules/.vitest-cache",
      // What is polled for happens soon; a machine that is busy with other suites may take its time.
      expect: { poll: { timeout: 30_000 } },
      testTimeout: 60_000,
      hookTimeout: 60_000,
      passWithNoTests: false,
      restoreMocks: true,
      ...overrides,
    },
  });
}
