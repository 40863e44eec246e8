import { Problem } from '../errors/catalogue.ts';
import { mostCells, readCsv, rearmed } from './csv.ts';
import { decoded, isUndecodable } from './decode.ts';
import { fieldsOf, type Kind, type Places, placesOf } from './fields.ts';

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
const unreadable = (text: string): string | null => {
  if (isUndecodable(text)) return 'has bytes that are none of the file’s encoding';
  return text.includes('\0') ? 'has a NUL character' : null;
};

/** Fields that hold JSON in a file of values. */
const jsonFields = new Set(['metadata', 'attributes', 'channels', 'participants', 'agentIds']);

/** The fields of a record of values. Metadata may be spread over several columns. */
function rowOf(line: number, cells: readonly (string | null)[], places: Places): FileRow {
  const fields: Record<string, unknown> = {};
  for (const [field, at] of places) {
    const cell = cells[at] ?? null;
    const value = cell === null ? null : rearmed(cell.trim());
    if (value === null || value === '') continue;
    const fault = unreadable(value);
    if (fault) return refused(line, field, fault);
    const [, member] = /^metadata\.(.+)$/.exec(field) ?? [];
    if (member) {
      fields['metadata'] = { ...(fields['metadata'] as object | undefined), [member]: value };
      continue;
    }
    if (!jsonFields.has(field)) fields[field] = value;
    else if (field === 'agentIds' && !value.startsWith('[')) fields[field] = value.split(/[;|]/).map((id) => id.trim());
    else {
      try {
        const parsed: unknown = JSON.parse(value);
        fields[field] = field === 'metadata' ? { ...(parsed as object), ...(fields[field] as object) } : parsed;
      } catch {
        return refused(line, field, 'is not JSON');
      }
    }
  }
  return { line, fields };
}

async function* valueRows({ kind, mapping }: FileForm, texts: AsyncIterable<string>): AsyncGenerator<FileRow> {
  let places: Places | undefined;
  for await (const record of readCsv(texts)) {
    if (!places) {
      if ('fault' in record) throw new Problem('UNPROCESSABLE', `The file’s first line ${record.fault}.`);
      const found = placesOf(kind, record.cells, mapping);
      if (found.missing.length > 0)
        throw new Problem('UNPROCESSABLE', `The file has no column ${found.missing.join(', ').slice(0, 500)}.`);
      if (found.places.size === 0)
        throw new Problem(
          'UNPROCESSABLE',
          `No column of the file is known. Name them by a mapping, or call them ${fieldsOf(kind).join(', ')}. A file has at most ${mostCells} columns.`,
        );
      places = found.places;
    } else if ('fault' in record) yield refused(record.line, null, record.fault);
    else yield rowOf(record.line, record.cells, places);
  }
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

async function* jsonRows({ kind, mapping }: FileForm, texts: AsyncIterable<string>): AsyncGenerator<FileRow> {
  const fields = fieldsOf(kind);
  const nameOf = (field: string) => (typeof mapping?.[field] === 'string' ? String(mapping[field]) : field);
  let line = 0;
  for await (const text of linesOf(texts)) {
    line += 1;
    if (text.trim() === '') continue;
    const fault = text.length > longestLine ? `is longer than ${longestLine} characters` : unreadable(text);
    if (fault) {
      yield refused(line, null, fault);
      continue;
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      // Refused below.
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      yield refused(line, null, 'is not a JSON object');
      continue;
    }
    const given = parsed as Readonly<Record<string, unknown>>;
    yield {
      line,
      fields: Object.fromEntries(
        fields.flatMap((field) => {
          const value = given[nameOf(field)];
          return value == null ? [] : [[field, value]];
        }),
      ),
    };
  }
}

/**
 * Reads the rows of a file, one after the other, in bounded memory. Throws UNPROCESSABLE for a file that is empty,
 * zipped, or without a known column.
 */
export function rowsIn(form: FileForm, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<FileRow> {
  const texts = decoded(pieces);
  return form.format === 'CSV' ? valueRows(form, texts) : jsonRows(form, texts);
}
