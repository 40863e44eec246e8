import { Problem } from '../errors/catalogue.ts';

/**
 * Bytes of JSON that one statement may give. What a result may have is limited too, but what is read can be more than
 * what is selected.
 */
export const maxReadBytes = 16_000_000;

/** Texts up to this length are parsed at once, longer ones in pieces of about this length. */
const pieceLength = 250_000;

type Rows = Record<string, unknown>[];

/** A statement that gives the rows of another as one JSON text, or null where that would be more than may be read. */
export const asJson = (text: string): string =>
  `select case when octet_length(a.rows) <= ${maxReadBytes} then a.rows end as rows
   from (select coalesce(json_agg(r), '[]')::text as rows from (${text}) r) a`;

/**
 * The rows of that statement. Throws RESULT_TOO_LARGE for null. Between the pieces of a long text the event loop serves
 * others.
 */
export function parseRows(text: string | null): Rows | Promise<Rows> {
  if (text === null)
    throw new Problem('RESULT_TOO_LARGE', `More than ${maxReadBytes / 1e6} MB would have to be read: ask for pages.`);
  return text.length <= 2 * pieceLength ? (JSON.parse(text) as Rows) : parseInPieces(text);
}

/**
 * Between two rows PostgreSQL writes a comma and a line break, which no JSON string has in it, and each row begins with
 * the same column. A list inside a row can look the same: a piece that ends there is no JSON, and then all that is left
 * is parsed at once.
 */
async function parseInPieces(text: string): Promise<Rows> {
  const end = text.length - 1;
  const opening = /^\[(\{"[^"\\]*":)/.exec(text)?.[1] ?? text;
  const rows: Rows = [];
  for (let start = 1; start < end; ) {
    const found = text.indexOf(`, \n ${opening}`, start + pieceLength);
    const piece = found < 0 ? null : parsed(text.slice(start, found));
    for (const row of piece ?? (JSON.parse(`[${text.slice(start, end)}]`) as Rows)) rows.push(row);
    if (!piece) break;
    start = found + 2;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return rows;
}

function parsed(rows: string): Rows | null {
  try {
    return JSON.parse(`[${rows}]`) as Rows;
  } catch {
    return null;
  }
}
