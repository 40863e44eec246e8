/** A record of a file of values: its first line, and its cells, or why it cannot be read. */
export type CsvRecord = { line: number; cells: (string | null)[] } | { line: number; fault: string };

/** Characters that a record may have. A longer one is passed over without being held. */
const longestRecord = 1_000_000;
/** Cells that a record may have. */
export const maxCells = 1_000;

const delimiters = [',', ';', '\t'] as const;

// Excel takes a first line of `sep=;` for the delimiter, and many files that are made for it have one.
const named = /^"?sep=([,;\t|])"?[\r\n]/i;

/** Whether the first record of a file is the line that names its delimiter. */
export const namesDelimiter = ([first, ...others]: readonly (string | null)[]): boolean =>
  /^sep=[,;\t|]?$/i.test(first ?? '') && others.every((cell) => cell === null);

/**
 * Returns the delimiter that the first line names, or else the one that the first line with any has most of, outside of
 * quotes.
 */
function delimiterOf(beginning: string): string {
  const [, said] = named.exec(beginning) ?? [];
  if (said) return said;
  const counts = new Map<string, number>(delimiters.map((one) => [one, 0]));
  let isQuoted = false;
  for (const character of beginning) {
    if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === '\n' || character === '\r')) {
      if ([...counts.values()].some((count) => count > 0)) break;
    } else if (!isQuoted && counts.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? ',';
}

/**
 * Reads records of values in RFC 4180's form, with any of the delimiters and any line end. Cells may be quoted, and
 * quoted ones may have line ends. Empty lines are passed over. White space around a plain cell is not a part of it. A
 * cell without anything is null.
 */
export async function* readCsv(texts: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  let delimiter: string | null = null;
  let line = 1;
  let first = 1;
  let cells: (string | null)[] = [];
  let cell = '';
  let length = 0;
  let wasQuoted = false;
  let state: 'start' | 'plain' | 'quoted' | 'quote' = 'start';
  let wasReturn = false;
  let fault: string | null = null;

  const endCell = () => {
    if (cells.length >= maxCells) fault ??= `has more than ${maxCells} cells`;
    else cells.push(wasQuoted ? cell : cell.trim() || null);
    cell = '';
    wasQuoted = false;
    state = 'start';
  };
  const endRecord = (): CsvRecord | null => {
    const isEmpty = cells.length === 0 && cell.trim() === '' && !wasQuoted;
    endCell();
    const record: CsvRecord | null = fault ? { line: first, fault } : isEmpty ? null : { line: first, cells };
    cells = [];
    length = 0;
    fault = null;
    return record;
  };

  for await (const text of texts) {
    delimiter ??= delimiterOf(text);
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      const character = text[at] as string;
      if (wasReturn) {
        wasReturn = false;
        if (character === '\n') continue;
      }
      length += 1;
      if (length > longestRecord) {
        fault ??= `is longer than ${longestRecord} characters`;
        cell = '';
        cells = [];
      }
      if (state === 'quoted') {
        if (character === '"') state = 'quote';
        else {
          if (character === '\n') line += 1;
          if (!fault) cell += character;
        }
        continue;
      }
      if (state === 'quote' && character === '"') {
        cell += '"';
        state = 'quoted';
        continue;
      }
      if (character === delimiter) endCell();
      else if (character === '\n' || character === '\r') {
        const record = endRecord();
        line += 1;
        first = line;
        wasReturn = character === '\r';
        if (record) yield record;
      } else if (character === '"' && state === 'start') {
        state = 'quoted';
        wasQuoted = true;
      } else {
        // The rest of a plain cell is taken at once.
        state = 'plain';
        from = at;
        while (at + 1 < text.length && at - from < longestRecord) {
          const next = text.charCodeAt(at + 1);
          if (next === 10 || next === 13 || text[at + 1] === delimiter) break;
          at += 1;
        }
        length += at - from;
        if (!fault && length <= longestRecord) cell += text.slice(from, at + 1);
      }
    }
  }
  if (state === 'quoted') fault ??= 'has a quote that does not end';
  const last = cells.length > 0 || cell !== '' || wasQuoted || fault ? endRecord() : null;
  if (last) yield last;
}

// A spreadsheet takes a cell that begins with one of these for a formula. A quote before it says that it is text.
// A cell of nothing but quotes and white space is an empty text, or that: a blank cell is none at all.
const formula = /^'*([=+\-@\t\r]|\s*$)/;
// What programs write where there is nothing, and what a formula has failed with.
const nothing = '[-–—]+|n/a|null|#(?:n/a|null!|ref!|name\\?|value!|num!|div/0!)';
// People are called None and Na. Nobody has one of these for an address, a number or a key.
const nobody = 'none|nil|na|n\\.a\\.?|nan|undefined|unknown|[?.]+|\\((?:none|blank|empty|null|unknown)\\)';
const placeholder = `${nothing}|${nobody}`;
// Excel's spelling of a number that it has rounded. Another system's own key may be 12E4.
const rounded = String.raw`\d(?:[.,]\d+)?E\+\d{2,}`;
const isNothing = new RegExp(`^(?:${nothing})$`, 'i');
const isNobody = new RegExp(`^(?:${placeholder})$`, 'i');
const isRounded = new RegExp(`^${rounded}$`, 'i');
const quotedNothing = new RegExp(`^'+(?:${placeholder}|${rounded})$`, 'i');
const disarmed = new RegExp(`^'+(?:[=+\\-@\\t\\r]|(?:\\s*|${placeholder}|${rounded})$)`, 'i');

/** Fields by which a row is found. As one of them, a word for nothing would make one of all the rows that have it. */
const identifying = new Set(['id', 'email', 'phoneNumber', 'fkId']);

/** Other systems' keys. */
const foreignKeys = new Set(['fkId', 'fkUserId']);

// As a name, one of them is nobody's. But people are called Null.
const naming = new Set(['firstName', 'lastName', 'displayName', 'name']);

/** Whether a cell of that field says that there is nothing. */
export const isPlaceholder = (field: string, cell: string): boolean =>
  identifying.has(field)
    ? isNobody.test(cell.trim())
    : naming.has(field) && cell.trim().toLowerCase() !== 'null' && isNothing.test(cell.trim());

/** Whether a spreadsheet has rounded the key in a cell of that field. Different rows have the same one then. */
export const isRoundedKey = (field: string, cell: string): boolean =>
  foreignKeys.has(field) && isRounded.test(cell.trim());

/**
 * Returns the text of a cell, which no spreadsheet runs, and of that field no import leaves out. `rearmed` gives back
 * what it was made of.
 */
export function csvCell(value: string | null, field = ''): string {
  if (value === null) return '';
  const isArmed =
    formula.test(value) || quotedNothing.test(value) || isPlaceholder(field, value) || isRoundedKey(field, value);
  const safe = isArmed ? `'${value}` : value;
  return /[",;\t\r\n']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// A formula of nothing but a text, as programs write it so that a spreadsheet does not take it for a number.
const textFormula = /^="([^"]*)"$/;

/**
 * Takes away the quote that `csvCell` has put before a formula, before what would be nothing, or before a key that
 * looks rounded. The formula of a text is the text.
 */
export const rearmed = (cell: string): string =>
  disarmed.test(cell) ? cell.slice(1) : (textFormula.exec(cell)?.[1] ?? cell);
