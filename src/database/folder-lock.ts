import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

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

/**
 * Locks a folder for this process and returns the function that unlocks it. Throws when another living process has it.
 * Takes over the lock of a dead one, even an empty file.
 */
export function lockFolder(folder: string): () => void {
  const file = `${folder}.lock`;
  // Link the complete file, so that no other process sees it without its owner.
  const claim = () => {
    const own = `${file}.${process.pid}`;
    writeFileSync(own, String(process.pid));
    try {
      linkSync(own, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      // A file system without links.
      writeFileSync(file, String(process.pid), { flag: 'wx' });
    } finally {
      rmSync(own, { force: true });
    }
  };
  try {
    claim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Empty, or no number: the process or the machine stopped before it was written.
    const holder = Number.parseInt(readFileSync(file, 'utf8'), 10);
    if (holder > 0 && holder !== process.pid && isAlive(holder)) {
      throw new DatabaseInUseError(
        `The embedded database in ${folder} is in use by process ${holder}. Stop that, or set DATABASE_URL or DATA_DIR.`,
      );
    }
    rmSync(file, { force: true });
    claim();
  }
  return () => rmSync(file, { force: true });
}
