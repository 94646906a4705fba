import { expect, test } from "vitest";
import { titleOf } from "./pages.ts";

test.each([
  ["/", "Lineage · kc"],
  ["/overview", "Overview · kc"],
  ["/assets", "Assets · kc"],
  ["/assets/mart/a%20b", "mart/a b · Assets · kc"],
  ["/runs/mx16qudn4j44u", "mx16qudn4j44u · Runs · kc"],
  ["/jobs/team/nightly", "nightly · Jobs · kc"],
  ["/sensors/team/files", "files · Sensors · kc"],
  ["/nowhere", "kc"],
])("the page %s is called %s", (path, title) => {
  expect(titleOf(path)).toBe(title);
});
