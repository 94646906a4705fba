import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type TestInstance, type TestInstanceOptions, testInstance } from "@kc/host/testing";
import { type Browser, chromium, type Page } from "playwright-core";

const executable = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
export const uiFolder = resolve(import.meta.dirname, "..");

/** .ci/run installs chromium; on a person's machine without one no page can be opened. */
export const noBrowser = !executable && !process.env.CI;

/** A platform with a browser in front of it, for the tests of one file. */
export interface Platform {
  instance: TestInstance;
  page: Page;
  /** What the pages threw or logged as an error. */
  errors: string[];
  /** Goes to a path of the UI. */
  open(path: string): Promise<void>;
  close(): Promise<void>;
}

export async function openPlatform(options: TestInstanceOptions = {}): Promise<Platform> {
  const instance = await testInstance(options);
  let browser: Browser | undefined;
  try {
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
    const page = await browser.newPage({ viewport: { width: 1500, height: 900 } });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    // A request that is refused is answered with 400 or 404, which the browser notes by itself.
    page.on("console", (message) => {
      if (message.type() === "error" && !/40[04] \((Bad Request|Not Found)\)/.test(message.text())) errors.push(message.text());
    });
    return {
      instance,
      page,
      errors,
      open: async (path) => void (await page.goto(new URL(path, instance.url).href)),
      async close() {
        await browser?.close();
        await instance.stop();
      },
    };
  } catch (error) {
    await browser?.close();
    await instance.stop();
    throw error;
  }
}
