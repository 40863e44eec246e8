import type { DataFormat } from '../../graph/generated/graphql.ts';

/** The beginning of a file, as far as its columns are to be chosen. */
export type Sample = { format: DataFormat; columns: string[]; rows: string[][] };

const readBytes = 65_536;
const shownRows = 3;

/** Reads the columns and the first rows of a file. The service reads the whole of it by the same rules. */
export async function sampleOf(file: File): Promise<Sample> {
  const bytes = new Uint8Array(await file.slice(0, readBytes).arrayBuffer());
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  return /\.(nd|l)?json(l)?$/i.test(file.name) ? sampleOfLines(text) : sampleOfTable(text);
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

function sampleOfLines(text: string): Sample {
  const objects = text
    .split('\n', shownRows)
    .filter((line) => line.trim())
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const shown = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  return { format: 'NDJSON', columns, rows: objects.map((object) => columns.map((name) => shown(object[name]))) };
}

/** A first line that names the delimiter, as Excel reads it. */
const named = /^"?sep=([,;\t|])"?(?:\r\n?|\n)/i;

const blankLines = /^(?:[ \t]*(?:\r\n?|\n))+/;

function sampleOfTable(whole: string): Sample {
  const beginning = whole.replace(blankLines, '');
  const [first = '', said] = named.exec(beginning) ?? [];
  const text = beginning.slice(first.length).replace(blankLines, '');
  const line = text.slice(0, text.search(/[\r\n]|$/)).replaceAll(/"[^"]*"/g, '');
  const count = (separator: string) => line.split(separator).length;
  const [commonest = ','] = [',', ';', '\t'].sort((a, b) => count(b) - count(a));
  const separator = said ?? commonest;
  const [columns = [], ...rows] = recordsOf(text, separator, shownRows + 1);
  return { format: 'CSV', columns: columns.map((name) => name.trim()), rows };
}

/** The first records of a text, with quoted separators, quotes and line ends. */
function recordsOf(text: string, separator: string, max: number): string[][] {
  const records: string[][] = [];
  const cell = new RegExp(`("(?:[^"]|"")*"|[^${separator}\r\n]*)([${separator}]|\r\n?|\n|$)`, 'y');
  let record: string[] = [];
  while (records.length < max && cell.lastIndex < text.length) {
    const [, value = '', end] = cell.exec(text) ?? [];
    if (end === undefined) break;
    record.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === separator) continue;
    records.push(record);
    record = [];
  }
  return records;
}
