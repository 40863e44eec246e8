// Few texts have so many digits in a row, or an exponent: the rest need not be looked at one by one.
const suspicious = /\d[\d.]{15}|\d[eE][+-]?\d/;
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const [quote, backslash] = ['"'.charCodeAt(0), '\\'.charCodeAt(0)];

/** A decimal number's digits without zeros at either end, and where its point stands. */
function canonical(number: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)}`;
}

/** Whether a number as JSON and GraphQL write it is the same after it has been a double: `80351110224678912345` and `1e400` are not. */
export function isExact(number: string): boolean {
  if (number.length <= 15 && !/[eE]/.test(number)) return true;
  const value = Number(number);
  if (!Number.isFinite(value) || number.length > 400) return false;
  return canonical(number) === canonical(String(Math.abs(value)));
}

/** What stands in the place of a number that would not be kept as it is. No rule accepts it: its key can be stored nowhere. */
const inPlace = (number: string) => JSON.stringify({ '\0number': number.slice(0, 100) });

/**
 * A JSON text whose numbers are all kept by JSON.parse as they are: in the place of others stands an object that no rule accepts, and that
 * isInexact knows. Where no number looks doubtful the text is returned as it came. Text that isn't JSON stays none.
 */
export function withExactNumbers(json: string): string {
  if (!suspicious.test(json)) return json;
  // Each character once, however many quotes there are: an expression for strings could be made to try each of them to the end.
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

/** Where the string ends that begins there: behind its closing quote, or the text's end. */
function behindString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at + 1;
  }
  return json.length;
}

/** Whether a parsed value stands in the place of a number that could not be kept. */
export const isInexact = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '\0number');
