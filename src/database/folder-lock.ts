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
 * Claims a folder for this process; returns how to let go. Throws when another living process has it; what a dead one
 * left, even an empty file, is taken over.
 */
export function lockFolder(folder: string): () => void {
  const file = `${folder}.lock`;
  // Linked in whole, so that no other process sees it before it says whose it is.
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
    // Empty, or no number: its process ended, or the machine did, before it was written.
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
