import { useState } from 'react';
import { useAct } from '../../graph/act.ts';
import {
  DeleteIntegrationDocument,
  type DeleteIntegrationMutation,
  RenameIntegrationDocument,
} from '../../graph/generated/graphql.ts';
import { GoesWith } from '../../parts/goes-with.tsx';
import { Rename } from '../../parts/rename.tsx';
import { counted } from '../../parts/words.ts';

type Goes = NonNullable<DeleteIntegrationMutation['deleteIntegrationConfig']>['goes'];

/** What is deleted or ends with an integration config, in words. */
const goesWords = ({ channels, unknownSenders, webhookKeys }: Goes): string[] =>
  [
    channels > 0 && `${counted(channels, 'channel')}, with the pictures from them; the participants stay.`,
    unknownSenders > 0 && `${counted(unknownSenders, 'unknown sender')}: they are forgotten.`,
    webhookKeys > 0 && `${counted(webhookKeys, 'webhook key')}: they end at once.`,
  ].filter((words) => typeof words === 'string');

/** Renames an integration config, and deletes it with what goes with it. */
export function Manage({ id, name, changed }: { id: string; name: string; changed(): void }) {
  const rename = useAct(RenameIntegrationDocument);
  const preview = useAct(DeleteIntegrationDocument);
  const remove = useAct(DeleteIntegrationDocument);
  const [asked, setAsked] = useState<'rename' | 'delete' | null>(null);
  const [goes, setGoes] = useState<string[] | null>(null);
  const done = (data: object | null) => {
    if (!data) return;
    setAsked(null);
    changed();
  };
  async function askToDelete(): Promise<void> {
    setGoes(null);
    setAsked('delete');
    const made = (await preview.run({ id, preview: true }))?.deleteIntegrationConfig;
    if (made) setGoes(goesWords(made.goes));
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
          onClose={() => setAsked(null)}
          onRename={async (given) => done(await rename.run({ id, name: given }))}
        />
      )}
      {asked === 'delete' && (
        <GoesWith
          name={name}
          goes={goes}
          busy={remove.busy}
          problem={preview.problem ?? remove.problem}
          onClose={() => setAsked(null)}
          onConfirm={async () => done(await remove.run({ id, preview: false }))}
        />
      )}
    </>
  );
}
