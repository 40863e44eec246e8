import { useAct } from '../../graph/act.ts';
import {
  DeleteIntegrationDocument,
  type DeleteIntegrationMutation,
  RenameIntegrationDocument,
} from '../../graph/generated/graphql.ts';
import { RenameAndDelete } from '../../parts/rename-and-delete.tsx';
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
  return (
    <RenameAndDelete
      name={name}
      changed={changed}
      rename={{ ...rename, run: (given) => rename.run({ id, name: given }) }}
      preview={{
        ...preview,
        run: async () => {
          const made = (await preview.run({ id, preview: true }))?.deleteIntegrationConfig;
          return made ? goesWords(made.goes) : null;
        },
      }}
      remove={{ ...remove, run: () => remove.run({ id, preview: false }) }}
    />
  );
}
