import {
  DeleteIntegrationDocument,
  type DeleteIntegrationMutation,
  RenameIntegrationDocument,
} from '../../graph/generated/graphql.ts';
import { RenameAndDelete } from '../../parts/rename-and-delete.tsx';
import { counted } from '../../parts/words.ts';

/** What is deleted or ends with an integration config, in words. */
function goesWords({ deleteIntegrationConfig }: DeleteIntegrationMutation): string[] {
  if (!deleteIntegrationConfig) return [];
  const { channels, unknownSenders, webhookKeys } = deleteIntegrationConfig.goes;
  return [
    channels > 0 && `${counted(channels, 'channel')}, with the pictures from them; the participants stay.`,
    unknownSenders > 0 && `${counted(unknownSenders, 'unknown sender')}: they are forgotten.`,
    webhookKeys > 0 && `${counted(webhookKeys, 'webhook key')}: they end at once.`,
  ].filter((words) => typeof words === 'string');
}

/** Renames an integration config, and deletes it with what goes with it. */
export function Manage({ id, name, changed }: { id: string; name: string; changed(): void }) {
  return (
    <RenameAndDelete
      id={id}
      name={name}
      renaming={RenameIntegrationDocument}
      deleting={DeleteIntegrationDocument}
      goesWords={goesWords}
      changed={changed}
    />
  );
}
