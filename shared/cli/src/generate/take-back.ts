// Run by the launcher after a `kc new` was killed, before it looks at manifests: so it needs no installed package.
import { recover } from "./journal.ts";

const taken = recover(process.argv[2]!);
if (taken) process.stderr.write(`kc: ${taken} had been left half made by a killed kc new; it was taken back\n`);
