import { type FormEvent, useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  CreateKeyDocument,
  KeyFragmentDoc,
  KeysDocument,
  RevokeKeyDocument,
  type Scope,
} from '../../graph/generated/graphql.ts';
import { problemOf } from '../../graph/problem.ts';
import { Time } from '../../parts/badges.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Secret } from '../../parts/secret.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loading, NotAllowed, ProblemPanel } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';

const scopes: readonly Scope[] = [
  'PARTICIPANTS_READ',
  'PARTICIPANTS_WRITE',
  'CONVERSATIONS_READ',
  'CONVERSATIONS_WRITE',
  'USERS_READ',
  'USERS_WRITE',
  'INTEGRATIONS_WRITE',
  'ADMIN',
];
const scopeWord = (scope: Scope) => scope.toLowerCase().replace('_', ':');
const kinds = { ACCESS_KEY: 'Access key', AGENT_KEY: 'Agent key', WEBHOOK_KEY: 'Webhook key' } as const;

/** The keys that programs sign in with. */
export function Keys() {
  useTitle('Keys');
  if (!useMay('ADMIN')) return <NotAllowed what="keys" scope="admin" />;
  return <KeyList />;
}

function KeyList() {
  const [{ data, error, fetching }, again] = useQuery({ query: KeysDocument });
  const readAgain = () => again({ requestPolicy: 'network-only' });
  return (
    <div className="page page-narrow">
      <h1>Keys</h1>
      {error && !data && <ProblemPanel problem={problemOf(error)} retry={readAgain} />}
      {fetching && !data && <Loading what="keys" />}
      <NewKey created={readAgain} />
      <Section title="Working keys" count={data?.keys.length}>
        {data?.keys.length === 0 && <Empty title="There is no key yet">Create one above.</Empty>}
        <ul className="rows">
          {data?.keys.map((key) => (
            <KeyRow key={key.id} of={key} revoked={readAgain} />
          ))}
        </ul>
      </Section>
    </div>
  );
}

function NewKey({ created }: { created(): void }) {
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly Scope[]>([]);
  const [secret, setSecret] = useState<string | null>(null);
  const create = useAct(CreateKeyDocument);
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const made = (await create.run({ name: name.trim(), scopes: [...chosen] }))?.createAccessKey;
    if (!made) return;
    setSecret(made.secret ?? null);
    setName('');
    setChosen([]);
    created();
  }
  return (
    <form className="card" onSubmit={submit}>
      <h2>Another access key</h2>
      <label className="field">
        <span>Name</span>
        <input value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <fieldset className="choices choices-line">
        <legend>May do</legend>
        {scopes.map((scope) => (
          <label key={scope}>
            <input
              type="checkbox"
              checked={chosen.includes(scope)}
              onChange={({ target }) =>
                setChosen(target.checked ? [...chosen, scope] : chosen.filter((other) => other !== scope))
              }
            />
            <code>{scopeWord(scope)}</code>
          </label>
        ))}
      </fieldset>
      {create.problem && <ProblemPanel problem={create.problem} />}
      {secret && <Secret label="Access key" value={secret} />}
      <p>
        <button type="submit" className="button" disabled={create.busy || !name.trim() || chosen.length === 0}>
          Create
        </button>
      </p>
    </form>
  );
}

function KeyRow({ of, revoked }: { of: FragmentType<typeof KeyFragmentDoc>; revoked(): void }) {
  const {
    id,
    kind,
    name,
    prefix,
    scopes: granted,
    createdAt,
    lastUsedAt,
    expiresAt,
    agent,
  } = readFragment(KeyFragmentDoc, of);
  const revoke = useAct(RevokeKeyDocument);
  const [asked, setAsked] = useState(false);
  const title = name ?? (agent ? `${kinds[kind]} of ${agent.name}` : kinds[kind]);
  return (
    <li className="row">
      <div className="row-text">
        <span>
          <b dir="auto">{title}</b> <code>{prefix}…</code>
        </span>
        <small>
          {granted.map(scopeWord).join(', ') || kinds[kind]} · made <Time at={createdAt} />
          {lastUsedAt && (
            <>
              {' '}
              · used <Time at={lastUsedAt} />
            </>
          )}
          {expiresAt && (
            <>
              {' '}
              · ends <Time at={expiresAt} />
            </>
          )}
        </small>
      </div>
      <button type="button" className="button button-small" onClick={() => setAsked(true)}>
        Revoke…
      </button>
      {asked && (
        <Confirm
          title={`Revoke ${title}?`}
          action="Revoke"
          danger
          busy={revoke.busy}
          problem={revoke.problem}
          onClose={() => setAsked(false)}
          onConfirm={async () => {
            if (!(await revoke.run({ id }))) return;
            setAsked(false);
            revoked();
          }}
        >
          <p>What signs in with it is refused from now on. It cannot be brought back.</p>
        </Confirm>
      )}
    </li>
  );
}
