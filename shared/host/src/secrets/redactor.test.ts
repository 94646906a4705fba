import { describe, expect, test } from "vitest";
import { redactor } from "./redactor.ts";
import { namesSecret, secretValues } from "./secret-values.ts";

const value = `p@ss w0rd/"quoted"+more!`;
const of = (env: Record<string, string>, marked: string[] = []) => redactor(secretValues(env, marked));

describe("which variables are secrets", () => {
  test.each([
    "API_TOKEN",
    "PGPASSWORD",
    "db_password",
    "CLIENT_SECRET",
    "OPENAI_API_KEY",
    "KEY",
    "SMTP_PASS",
    "GOOGLE_CREDENTIALS",
    "SLACK_WEBHOOK_URL",
  ])("%s", (name) => {
    expect(namesSecret(name)).toBe(true);
  });
  test.each(["PWD", "OLDPWD", "PARTITION_KEY", "SSH_PUBLIC_KEY", "AWS_ACCESS_KEY_ID", "TOKEN_FILE", "MONKEY", "COMPASS", "HOME"])(
    "%s is none",
    (name) => {
      expect(namesSecret(name)).toBe(false);
    },
  );
  test("one that a resource marks, whatever its name", () => {
    expect(of({ LICENCE: "ab12-cd34-ef56" }, ["LICENCE"]).text("it is ab12-cd34-ef56")).toBe("it is ***");
    expect(of({ LICENCE: "ab12-cd34-ef56" }).text("it is ab12-cd34-ef56")).toBe("it is ab12-cd34-ef56");
  });
  test("the password within an address, as it stands and as it is meant", () => {
    const secrets = of({ DATABASE_URL: "postgres://kc:p%40ss-w0rd@db.example:5432/kc" });
    expect(secrets.text("postgres://kc:p%40ss-w0rd@db.example:5432/kc and p@ss-w0rd")).toBe(
      "postgres://kc:***@db.example:5432/kc and ***",
    );
  });
  test("the path of a file is none", () => {
    expect(of({ GOOGLE_CREDENTIALS: import.meta.filename }).text(import.meta.filename)).toBe(import.meta.filename);
  });
  test("each line of a key, and what a JSON object holds", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----";
    const secrets = of({ SERVICE_CREDENTIALS: JSON.stringify({ project: "shop-project-1", private_key: key }) });
    expect(secrets.text("line hkiG9w0BAQEFAASC of shop-project-1")).toBe("line *** of shop-project-1");
  });
});

describe("a value is hidden", () => {
  const secrets = of({ THE_TOKEN: value });
  test.each([
    ["as it is", value],
    ["in JSON", JSON.stringify({ a: value }).slice(6, -2)],
    ["in JSON within JSON", JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ["in an address", encodeURIComponent(value)],
    ["in an address in small letters", encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase())],
    ["in a form", new URLSearchParams({ a: value }).toString().slice(2)],
  ])("%s", (_, spelled) => {
    expect(secrets.text(`before ${spelled} after`)).toBe("before *** after");
  });
  test.each(["", "a", "ab", "user:", "user:p:"])('in base64 behind "%s"', (before) => {
    for (const encoding of ["base64", "base64url"] as const) {
      const spelled = Buffer.from(`${before}${value}${before}`).toString(encoding);
      const left = secrets.text(`Basic ${spelled}.`);
      expect(left).toContain("***");
      // What stands around it, and at most the signs that it shares with its neighbours.
      expect(left.length).toBeLessThanOrEqual("Basic ***.".length + 4 + Math.ceil((2 * before.length * 4) / 3) + 4);
    }
  });
  test("of two that begin alike the longer one whole", () => {
    expect(of({ A_TOKEN: "abcdef-12", B_TOKEN: "abcdef-12345" }).text("abcdef-12345 abcdef-12")).toBe("*** ***");
  });
  test("in every text and name of a value, and only below the properties that are said", () => {
    expect(secrets.value({ a: [value, 1, null], [value]: { b: `x${value}` } })).toEqual({
      a: ["***", 1, null],
      "***": { b: "x***" },
    });
    expect(secrets.within({ step: value, error: { message: value }, runs: [{ message: value }] }, new Set(["message"]))).toEqual({
      step: value,
      error: { message: "***" },
      runs: [{ message: "***" }],
    });
  });
  test("a long text is never cut within one", () => {
    const text = `${"x".repeat(50)}${value}${"y".repeat(100)}`;
    for (let at = 40; at < 60 + value.length; at++) {
      const cut = secrets.cut(text, at);
      expect([at, cut > 50 && cut < 50 + value.length]).toEqual([at, false]);
      expect(at - cut).toBeLessThan(value.length);
    }
  });
});

describe("a value that could be a word does not shred the log", () => {
  const plain = of({ LOCAL_POSTGRES_PASSWORD: "postgres", N_TOKEN: "1", D_PASSWORD: "20260101", W_SECRET: "hunter2" });
  test.each(["copied into postgres", "1 row of 20260101", "postgresql://localhost", "hunter2 was here", "the token is 1"])(
    "%s",
    (text) => {
      expect(plain.text(text)).toBe(text);
    },
  );
  test.each([
    ["postgres://postgres:postgres@localhost/x", "postgres://postgres:***@localhost/x"],
    ["password=hunter2 user=postgres", "password=*** user=postgres"],
    ['{"password":"postgres","database":"postgres"}', '{"password":"***","database":"postgres"}'],
    ['{\\"api_key\\": \\"20260101\\"}', '{\\"api_key\\": \\"***\\"}'],
  ])("but is hidden where a credential stands: %s", (text, clean) => {
    expect(plain.text(text)).toBe(clean);
  });
  test("a sentence of words is long enough", () => {
    expect(of({ A_PASSWORD: "correct horse battery" }).text("correct horse battery staple")).toBe("*** staple");
  });
});

test("without secrets nothing is suspected", () => {
  const none = of({ HOME: "/home/kc" });
  expect([none.suspects("anything"), none.text("anything"), none.cut("anything", 3), none.longest]).toEqual([
    false,
    "anything",
    3,
    0,
  ]);
});
