import { Problem } from '../errors/catalogue.ts';
import { withExactNumbers } from '../values/json-number.ts';
import { faultOfNumber, identifiersIn, wasRounded } from './cells.ts';
import { isPlaceholder, isRoundedKey, maxCells, namesDelimiter, readCsv, rearmed } from './csv.ts';
import { decoded, isUndecodable } from './decode.ts';
import { fieldsOf, type Kind, type Places, placesOf, type Unread } from './fields.ts';

/** A row of a file: its line and its fields, or why it is refused. */
export type FileRow =
  | { line: number; fields: Readonly<Record<string, unknown>> }
  | { line: number; field: string | null; reason: string };

export type FileForm = {
  kind: Kind;
  format: 'CSV' | 'NDJSON';
  mapping: Readonly<Record<string, unknown>> | null;
};

const refused = (line: number, field: string | null, reason: string): FileRow => ({ line, field, reason });
const saveAnew = 'save the file anew, in Excel as “CSV UTF-8 (Comma delimited)”, elsewhere with the encoding UTF-8';
const unreadable = (text: string): string | null => {
  if (isUndecodable(text)) return `has characters of another encoding than UTF-8: ${saveAnew}`;
  return text.includes('\0') ? 'has a NUL character' : null;
};

/** Fields whose empty text is a value. */
const mayBeEmpty = new Set(['fkUserId', 'context', 'source']);

/** Fields of one line. A spreadsheet's cell may have several, where somebody broke a long name. */
const ofOneLine = new Set(['firstName', 'lastName', 'displayName', 'name']);

/** Fields that hold JSON in a file of values. */
const jsonFields = new Set(['metadata', 'attributes', 'channels', 'participants', 'agentIds', 'otherIdentifiers']);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined for what is no JSON. Numbers that cannot be kept are what no rule accepts. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(withExactNumbers(text));
  } catch {
    return undefined;
  }
}

/**
 * The fields of a record of values. Metadata and an external user's identifiers may be spread over several columns, and
 * several identifiers may stand in one.
 */
function rowOf(kind: Kind, line: number, cells: readonly (string | null)[], places: Places): FileRow {
  const fields: Record<string, unknown> = {};
  const members: Record<string, unknown> = {};
  const more: unknown[] = [];
  const columns = [...places].flatMap(([field, its]) => its.map((at) => [field, at] as const));
  for (const [field, at] of columns) {
    const cell = cells[at] ?? null;
    if (cell === null || cell.trim() === '' || isPlaceholder(field, cell)) continue;
    const value = rearmed(cell);
    const fault =
      unreadable(value) ??
      (isRoundedKey(field, cell) ? wasRounded : null) ??
      (field === 'phoneNumber' ? faultOfNumber(value.trim()) : null);
    if (fault) return refused(line, field, fault);
    const [, member] = /^metadata\.(.+)$/.exec(field) ?? [];
    if (member) {
      members[member] = value;
      continue;
    }
    const several = kind === 'EXTERNAL_USERS' ? identifiersIn(field, value) : null;
    if (several) {
      const [first, ...others] = several;
      // What another column has stands beside the first one's.
      more.push(...(field in fields ? several : others));
      fields[field] ??= first.identifierValue;
    } else if (!jsonFields.has(field)) fields[field] = ofOneLine.has(field) ? value.replaceAll(/[\r\n]+/g, ' ') : value;
    else if (field === 'agentIds' && !value.startsWith('[')) fields[field] = value.split(/[;|]/).map((id) => id.trim());
    else {
      const parsed = parsedJson(value);
      if (parsed === undefined) return refused(line, field, 'is not JSON');
      fields[field] = parsed;
    }
  }
  const others = fields['otherIdentifiers'];
  // Anything else than a list is for the rules to refuse.
  if (more.length > 0 && (others === undefined || Array.isArray(others)))
    fields['otherIdentifiers'] = [...(others ?? []), ...more];
  if (Object.keys(members).length === 0) return { line, fields };
  const whole = fields['metadata'] ?? {};
  if (!isObject(whole)) return refused(line, 'metadata', 'must be a JSON object');
  return { line, fields: { ...fields, metadata: { ...whole, ...members } } };
}

async function* valueRows(
  { kind, mapping }: FileForm,
  texts: AsyncIterable<string>,
  unread?: Unread,
): AsyncGenerator<FileRow> {
  let places: Places | undefined;
  let width = 0;
  for await (const record of readCsv(texts)) {
    // A line of nothing but delimiters is how a spreadsheet writes an empty one.
    if ('cells' in record && record.cells.every((cell) => cell === null)) continue;
    if (!places) {
      if ('cells' in record && record.line === 1 && namesDelimiter(record.cells)) continue;
      if ('fault' in record) throw new Problem('UNPROCESSABLE', `The file’s first line ${record.fault}.`);
      // Of a name that cannot be read nobody knows what stands in its column. Left out, it would be missed by nobody.
      if (record.cells.some((cell) => isUndecodable(cell ?? '')))
        throw new Problem(
          'UNPROCESSABLE',
          `The file’s first line has characters of another encoding than UTF-8: ${saveAnew}.`,
        );
      const found = placesOf(kind, record.cells, mapping);
      if (found.missing.length > 0)
        throw new Problem('UNPROCESSABLE', `The file has no column ${found.missing.join(', ').slice(0, 500)}.`);
      if (found.ambiguous.length > 0)
        throw new Problem(
          'UNPROCESSABLE',
          `Several columns of the file are called ${found.ambiguous.join(', ').slice(0, 500)}, and only one can be read. Give the others another name.`,
        );
      if (found.places.size === 0)
        throw new Problem(
          'UNPROCESSABLE',
          `No column of the file is known. Name them by a mapping, or call them ${fieldsOf(kind).join(', ')}. A file has at most ${maxCells} columns.`,
        );
      places = found.places;
      width = record.cells.length;
      const read = new Set([...places.values()].flat());
      for (const [at, name] of record.cells.entries()) if (name && !read.has(at)) unread?.note(name);
    } else if ('fault' in record) yield refused(record.line, null, record.fault);
    // A value with the delimiter in it, and without quotes, reads as two: the columns behind it have others' values.
    else if (record.cells.slice(width).some((cell) => cell !== null))
      yield refused(
        record.line,
        null,
        `has ${record.cells.length} cells, the first line ${width}: write a value that has the delimiter in it between quotes`,
      );
    else yield rowOf(kind, record.line, record.cells, places);
  }
  if (!places) throw new Problem('UNPROCESSABLE', 'The file is empty.');
}

const longestLine = 1_000_000;

/** Lines of text, cut where they are too long to be held. */
async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine + 1);
    yield* lines;
  }
  if (rest !== '') yield rest;
}

async function* jsonRows(
  { kind, mapping }: FileForm,
  texts: AsyncIterable<string>,
  unread?: Unread,
): AsyncGenerator<FileRow> {
  const fields = fieldsOf(kind);
  const nameOf = (field: string) => (typeof mapping?.[field] === 'string' ? String(mapping[field]) : field);
  const read = new Set(fields.map(nameOf));
  let line = 0;
  for await (const text of linesOf(texts)) {
    line += 1;
    if (text.trim() === '') continue;
    const fault = text.length > longestLine ? `is longer than ${longestLine} characters` : unreadable(text);
    if (fault) {
      yield refused(line, null, fault);
      continue;
    }
    const given = parsedJson(text);
    if (!isObject(given)) {
      yield refused(line, null, 'is not a JSON object');
      continue;
    }
    for (const name of Object.keys(given)) if (!read.has(name)) unread?.note(name);
    yield {
      line,
      fields: Object.fromEntries(
        fields.flatMap((field) => {
          const value = Object.hasOwn(given, nameOf(field)) ? given[nameOf(field)] : null;
          return value == null || (value === '' && !mayBeEmpty.has(field)) ? [] : [[field, value]];
        }),
      ),
    };
  }
}

/**
 * Reads the rows of a file, one after the other, in bounded memory. `unread` is told which columns it passes over.
 * Throws UNPROCESSABLE for a file that is empty, zipped, without a known column, or with two that cannot be told apart.
 */
export function rowsIn(form: FileForm, pieces: AsyncIterable<Uint8Array>, unread?: Unread): AsyncGenerator<FileRow> {
  const texts = decoded(pieces);
  return form.format === 'CSV' ? valueRows(form, texts, unread) : jsonRows(form, texts, unread);
}
