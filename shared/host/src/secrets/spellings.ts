/** How a value may be spelled where somebody prints it: as it is, in JSON (also twice), in an address, in base64. */
export function spellingsOf(value: string): string[] {
  const json = inJson(value);
  const url = encodeURIComponent(value);
  const strict = url.replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const addresses = [url, strict].flatMap((text) => [text, text.replaceAll("%20", "+")]);
  return [
    ...new Set([
      value,
      json,
      inJson(json),
      ...addresses,
      ...addresses.map((text) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
      ...inBase64(value),
    ]),
  ];
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/**
 * What the base64 of any text that holds the value must hold, for each of the three places at which it may begin: that of
 * `user:password` is another one than that of the password.
 */
function inBase64(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    // The outermost signs mix in bits of the neighbours.
    const from = [0, 2, 3][before]!;
    const to = Math.floor((all.length * 8) / 6);
    return (["base64", "base64url"] as const).map((encoding) => all.toString(encoding).slice(from, to));
  });
}
