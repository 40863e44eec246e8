import { useState } from 'react';
import type { Problem } from '../graph/problem.ts';
import { GoesWith } from './goes-with.tsx';
import { Rename } from './rename.tsx';

type Asked = { busy: boolean; problem: Problem | null };

type RenameAndDeleteProps = {
  name: string;
  rename: Asked & { run(name: string): Promise<object | null> };
  /** Tells in words what goes with it, and changes nothing; null where that failed. */
  preview: Asked & { run(): Promise<string[] | null> };
  remove: Asked & { run(): Promise<object | null> };
  changed(): void;
};

/** The buttons that rename something and delete it. What goes with it is told before it is deleted. */
export function RenameAndDelete({ name, rename, preview, remove, changed }: RenameAndDeleteProps) {
  const [asked, setAsked] = useState<'rename' | 'delete' | null>(null);
  const [goes, setGoes] = useState<string[] | null>(null);
  const close = () => setAsked(null);
  const done = (data: object | null) => {
    if (!data) return;
    close();
    changed();
  };
  async function askToDelete(): Promise<void> {
    setGoes(null);
    setAsked('delete');
    setGoes(await preview.run());
  }
  return (
    <>
      <button type="button" className="button button-quiet" onClick={() => setAsked('rename')}>
        Rename…
      </button>
      <button type="button" className="button button-quiet" onClick={askToDelete}>
        Delete…
      </button>
      {asked === 'rename' && (
        <Rename
          name={name}
          busy={rename.busy}
          problem={rename.problem}
          onClose={close}
          onRename={async (given) => done(await rename.run(given))}
        />
      )}
      {asked === 'delete' && (
        <GoesWith
          name={name}
          goes={goes}
          busy={remove.busy}
          problem={preview.problem ?? remove.problem}
          onClose={close}
          onConfirm={async () => done(await remove.run())}
        />
      )}
    </>
  );
}
