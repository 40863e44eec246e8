import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process is started with. */
export type StartCommand = { program: string; flags: readonly string[]; variables: NodeJS.ProcessEnv };

/** Returns how a checkout of the service starts its build, as `start:built` in its package.json says. */
export function startCommand(folder: string): StartCommand {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const words: string[] = scripts['start:built'].split(' ');
  const node = words.indexOf('node');
  return {
    program: join(folder, words.at(-1) ?? ''),
    flags: words.slice(node + 1, -1),
    variables: Object.fromEntries(
      words.slice(0, node).flatMap((word) => (word.includes('=') ? [word.split('=')] : [])),
    ),
  };
}
