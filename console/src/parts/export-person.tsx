import { useState } from 'react';
import { useAct } from '../graph/act.ts';
import { ExportPersonDocument, type IdentityInput } from '../graph/generated/graphql.ts';
import { Confirm } from './confirm.tsx';

type ExportPersonProps = { name: string; by: IdentityInput; onClose(): void };

/** Writes everything that is held about a person into a file, and offers it. */
export function ExportPerson({ name, by, onClose }: ExportPersonProps) {
  const write = useAct(ExportPersonDocument);
  const [url, setUrl] = useState<string | null>(null);
  return (
    <Confirm
      title={`Everything about ${name}`}
      action={url ? 'Close' : 'Write the file'}
      busy={write.busy}
      problem={write.problem}
      onClose={onClose}
      onConfirm={async () => {
        if (url) onClose();
        else setUrl((await write.run({ by }))?.exportPerson?.url ?? null);
      }}
    >
      {url ? (
        <p>
          <a href={url} download>
            Download the file
          </a>{' '}
          within 24 hours.
        </p>
      ) : (
        <p>One JSON file of all that is held about them: rows, memberships, history and pictures.</p>
      )}
    </Confirm>
  );
}
