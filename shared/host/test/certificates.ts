import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";

export interface Certificate {
  key: string;
  cert: string;
}

/** An authority of the test's own, and what it vouches for: servers on 127.0.0.1 unless they say otherwise. */
export async function testAuthority() {
  const folder = mkdtempSync(join(tmpdir(), "kc-ca-"));
  const options = { algorithm: "sha256", keyType: "ec" } as const;
  const root = await generate([{ name: "commonName", value: "The tests' own authority" }], {
    ...options,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const file = join(folder, "ca.pem");
  writeFileSync(file, root.cert);
  return {
    /** The authority's certificate, as a person would hand it out. */
    file,
    async certificate(of: { ip?: string; notAfter?: Date } = {}): Promise<Certificate> {
      const { private: key, cert } = await generate([{ name: "commonName", value: "mail.example.com" }], {
        ...options,
        ...(of.notAfter ? { notBeforeDate: new Date(of.notAfter.getTime() - 86_400_000), notAfterDate: of.notAfter } : {}),
        extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: of.ip ?? "127.0.0.1" }] }],
        ca: { key: root.private, cert: root.cert },
      });
      return { key, cert };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
