import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const css = readFileSync(join(import.meta.dirname, "base.css"), "utf8");
const colors = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map(([, name, light, dark]) => [
    name!,
    { light: light!, dark: dark! },
  ]),
);

/** WCAG 2: from 1 (none) to 21. */
function contrast(one: string, other: string): number {
  const brightness = (color: string): number => {
    const full = color.length === 4 ? color.replaceAll(/[^#]/g, "$&$&") : color;
    const [r = 0, g = 0, b = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(full.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.039_28 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [more, less] = [brightness(one), brightness(other)].sort((a, b) => b - a);
  return (more! + 0.05) / (less! + 0.05);
}

describe.each(["light", "dark"] as const)("in %s", (scheme) => {
  const of = (name: string) => colors.get(name)![scheme];
  test.each(["text", "dim", "accent", "good", "warn", "bad", "run"])("--%s can be read on every ground", (name) => {
    for (const ground of ["bg", "panel", "raised"]) expect(contrast(of(name), of(ground)), ground).toBeGreaterThanOrEqual(4.5);
  });
  test("words on the accent can be read, and the edge of what can be written in be seen", () => {
    expect(contrast(of("on-accent"), of("accent"))).toBeGreaterThanOrEqual(4.5);
    for (const ground of ["bg", "panel", "raised"]) expect(contrast(of("edge"), of(ground)), ground).toBeGreaterThanOrEqual(2.8);
  });
});
