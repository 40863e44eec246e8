import type { TypedDocumentNode } from '@urql/core';
import { useState } from 'react';
import { useAct } from '../graph/act.ts';
import { GoesWith } from './goes-with.tsx';
import { Rename } from './rename.tsx';

type RenameAndDeleteProps<Deleted> = {
  id: string;
  name: string;
  renaming: TypedDocumentNode<object, { id: string; name: string }>;
  /** Deletes it, or only tells what would go with it. */
  deleting: TypedDocumentNode<Deleted, { id: string; preview: boolean }>;
  /** What goes with it, in words. */
  goesWords(deleted: Deleted): string[];
  changed(): void;
};

/** The buttons that rename something and delete it. What goes with it is told before it is deleted. */
export function RenameAndDelete<Deleted>(props: RenameAndDeleteProps<Deleted>) {
  const { id, name, renaming, deleting, goesWords, changed } = props;
  const rename = useAct(renaming);
  const preview = useAct(deleting);
  const remove = useAct(deleting);
  const [asked, setAsked] = useState<'rename' | 'delete' | null>(null);
  const [goes, setGoes] = useState<string[] | null>(null);
  const close = () => setAsked(null);
  const done = (data: object | Deleted | null) => {
    if (!data) return;
    close();
    changed();
  };
  async function askToDelete(): Promise<void> {
    setGoes(null);
    setAsked('delete');
    const told = await preview.run({ id, preview: true });
    setGoes(told && goesWords(told));
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
          onRename={async (given) => done(await rename.run({ id, name: given }))}
        />
      )}
      {asked === 'delete' && (
        <GoesWith
          name={name}
          goes={goes}
          busy={remove.busy}
          problem={preview.problem ?? remove.problem}
          onClose={close}
          onConfirm={async () => done(await remove.run({ id, preview: false }))}
        />
      )}
    </>
  );
}
