import { readFileSync } from 'node:fs';

/** The part of an id that names how it was made. Clients may send an id with or without it. */
const prefix = 'sha256:';

/** Returns a document's id without the prefix that clients may send. */
export const bareDocumentId = (id: string): string => (id.startsWith(prefix) ? id.slice(prefix.length) : id);

/** The documents of a file by their ids, or what is wrong with it. */
export type TrustedDocumentsFile = { texts: ReadonlyMap<string, string>; faults: readonly string[] };

/**
 * Reads the map of ids and documents that codegen's client preset writes. An id may be any text. Whether the documents
 * can run is checked with the schema.
 */
export function readTrustedDocuments(file: string): TrustedDocumentsFile {
  const texts = new Map<string, string>();
  const faults: string[] = [];
  for (const [id, text] of entriesOf(file, faults)) {
    const bare = bareDocumentId(id);
    if (bare === '') faults.push(`names a file with an empty id: ${file}`);
    else if (typeof text !== 'string') faults.push(`names a file whose document ${bare} is not a text: ${file}`);
    else if (texts.has(bare)) faults.push(`names a file that has the document ${bare} twice: ${file}`);
    else texts.set(bare, text);
  }
  return { texts, faults };
}

function entriesOf(file: string, faults: string[]): [string, unknown][] {
  try {
    const map: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof map === 'object' && map !== null && !Array.isArray(map)) return Object.entries(map);
    faults.push(`names a file that is not a JSON object of ids and documents: ${file}`);
  } catch (error) {
    faults.push(
      error instanceof SyntaxError
        ? `names a file that is not JSON: ${file}`
        : `names a file that cannot be read (${(error as NodeJS.ErrnoException).code}): ${file}`,
    );
  }
  return [];
}
