/** Copies the documents of the agents' tools beside what was built: the compiler leaves them out. */
import { cpSync } from 'node:fs';

cpSync('src/mcp/documents', 'dist/mcp/documents', { recursive: true });
