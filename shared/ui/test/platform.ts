import { existsSync } from "node:fs";
import { type TestInstance, testInstance } from "@kc/host/testing";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { makeWorkspace, openSink, type Sink } from "./workspace.ts";

const executable = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));

/** .ci/run installs chromium; on a person's machine without one no page can be opened. */
export const noBrowser = !executable && !process.env.CI;

// The platform of the tests of a file, with a browser in front of it: each file of tests has these modules by itself.
export let instance: TestInstance;
export let page: Page;
export let sink: Sink;

/** Goes to a path of the UI. */
export const open = async (path: string): Promise<void> => void (await page.goto(new URL(path, instance.url).href));

/** An entry of the navigation. */
export const link = (name: string) => page.getByRole("navigation").getByRole("link", { name, exact: true });

/**
 * Starts a platform before the tests of a `describe`, and ends it after them: that of `locations`, else of this repository. No
 * page may throw or log an error.
 */
export function usePlatform(of: { locations?: Record<string, string>; settings?: string; daemon?: boolean } = {}): void {
  const errors: string[] = [];
  let workspace: ReturnType<typeof makeWorkspace> | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (of.locations) workspace = makeWorkspace(of.locations, of.settings);
    sink = await openSink();
    instance = await testInstance({
      ...(workspace ? { root: workspace.root, env: sink.env } : {}),
      daemon: of.daemon ?? false,
    });
    browser = await chromium.launch({
      executablePath: executable!,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    page = await browser.newPage({ viewport: { width: 1500, height: 900 } });
    page.on("pageerror", (error) => errors.push(error.message));
    // A request that is refused is answered with 400 or 404, which the browser notes by itself.
    page.on("console", (message) => {
      if (message.type() === "error" && !/40[04] \((Bad Request|Not Found)\)/.test(message.text())) errors.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    sink?.close();
    await instance?.stop();
    workspace?.remove();
    expect(errors).toEqual([]);
  });
}
