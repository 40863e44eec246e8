import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** The embedded database belongs to another process. */
export class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError';
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Claims a folder for this process; returns how to let go. Throws when another living process has it; what a dead one left is taken over. */
export function lockFolder(folder: string): () => void {
  const file = `${folder}.lock`;
  const claim = () => writeFileSync(file, String(process.pid), { flag: 'wx' });
  try {
    claim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = Number(readFileSync(file, 'utf8'));
    if (holder !== process.pid && isAlive(holder)) {
      throw new DatabaseInUseError(
        `The embedded database in ${folder} is in use by process ${holder}. Stop that, or set DATABASE_URL or DATA_DIR.`,
      );
    }
    rmSync(file, { force: true });
    claim();
  }
  return () => rmSync(file, { force: true });
}
