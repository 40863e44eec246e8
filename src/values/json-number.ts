// Few texts have a number of so many digits, or with an exponent. Only these need the exact check. A number follows one
// of these characters or begins the text: the digits of a UUID, which often look like an exponent, follow a quote.
const suspicious = /(?:^|[:,[\s])-?(?:\d[\d.]{15}|[\d.]+[eE])/;
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const [quote, backslash] = ['"'.charCodeAt(0), '\\'.charCodeAt(0)];

/** Returns a decimal number's digits without zeros at either end, and the place of its point. */
function canonical(number: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)}`;
}

/** Returns whether a number of JSON or GraphQL survives as a double: `80351110224678912345` and `1e400` do not. */
export function isExact(number: string): boolean {
  if (number.length <= 15 && !/[eE]/.test(number)) return true;
  const value = Number(number);
  if (!Number.isFinite(value) || number.length > 400) return false;
  return canonical(number) === canonical(String(Math.abs(value)));
}

/** Replaces a number that a double would change. No rule accepts it, because its key cannot be stored. */
const inPlace = (number: string) => JSON.stringify({ '\0number': number.slice(0, 100) });

/**
 * Returns a JSON text whose numbers JSON.parse keeps exactly. Any other number is replaced by an object that no rule
 * accepts and that isInexact recognises. A text without doubtful numbers is returned unchanged. A text that is not JSON
 * stays invalid.
 */
export function withExactNumbers(json: string): string {
  if (!suspicious.test(json)) return json;
  // Reads each character once, however many quotes there are. A regular expression for strings can backtrack.
  let exact = '';
  let copied = 0;
  let at = 0;
  while (at < json.length) {
    if (json.charCodeAt(at) === quote) at = behindString(json, at);
    else {
      number.lastIndex = at;
      const [part] = number.exec(json) ?? [];
      if (part !== undefined && !isExact(part)) {
        exact += json.slice(copied, at) + inPlace(part);
        copied = at + part.length;
      }
      at += part?.length ?? 1;
    }
  }
  return exact + json.slice(copied);
}

/** Returns the index behind the string that begins there: behind its closing quote, or the text's end. */
function behindString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at + 1;
  }
  return json.length;
}

/** Returns whether a parsed value replaces a number that could not be kept. */
export const isInexact = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '\0number');
