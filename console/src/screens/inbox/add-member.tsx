import { type FormEvent, useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../../app/viewer.tsx';
import { useAct } from '../../graph/act.ts';
import { type FragmentType, readFragment } from '../../graph/generated/fragment-masking.ts';
import {
  AddMemberDocument,
  type EnsureParticipantInput,
  KnownByDocument,
  MemberFragmentDoc,
} from '../../graph/generated/graphql.ts';
import { useDebounced } from '../../parts/debounced.ts';
import { ProblemPanel } from '../../parts/states.tsx';
import { identifierOf } from '../find/identifier.ts';
import { type Known, KnownRows, knownOf } from './known.tsx';

/** Reads what was typed as an identifier that an external user can be added, and made, by. */
function contactOf(text: string): EnsureParticipantInput | null {
  const by = identifierOf(text);
  if (by?.email) return { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: by.email } };
  if (by?.phoneNumber)
    return { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue: by.phoneNumber } };
  return null;
}

type Search = { known: readonly Known[]; failed: boolean };

/** Those that an identifier leads to already. Null until the service has said it, or could not be asked. */
function useKnown(text: string): Search | null {
  const settled = useDebounced(text);
  const by = identifierOf(settled);
  // The cache may not know of an identifier that somebody has got since.
  const [{ data, error, fetching }] = useQuery({
    query: KnownByDocument,
    variables: { by: by ?? { email: '' } },
    pause: by === null,
    requestPolicy: 'network-only',
  });
  if (!by || settled !== text || fetching) return null;
  // Who cannot be asked about can still be added: the service makes no two external users of one identifier.
  return { known: error ? [] : knownOf(data), failed: error !== undefined };
}

type AddMemberProps = {
  conversationId: string;
  members: readonly FragmentType<typeof MemberFragmentDoc>[];
  added(): void;
};

/**
 * Adds somebody to a conversation by their e-mail address or telephone number. Shows first who has it already, so that
 * nobody takes part twice.
 */
export function AddMember({ conversationId, members, added }: AddMemberProps) {
  const [typed, setTyped] = useState('');
  const [told, setTold] = useState('');
  const add = useAct(AddMemberDocument);
  const contact = contactOf(typed);
  const search = useKnown(typed);
  const isFree = contact !== null && search?.known.length === 0;
  const seesAll = [useMay('USERS_READ'), useMay('PARTICIPANTS_READ')].every(Boolean);
  const taking = new Set(readFragment(MemberFragmentDoc, members).map(({ participantId }) => participantId));
  async function put(participant: EnsureParticipantInput, name: string): Promise<void> {
    const data = await add.run({ conversationId, participant, status: null });
    if (!data?.ensureConversationParticipant) return;
    setTold(data.ensureConversationParticipant.created ? `${name} was added.` : `${name} takes part already.`);
    setTyped('');
    added();
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (isFree) put(contact, typed.trim());
  }
  return (
    <form className="add-member" onSubmit={submit}>
      <label htmlFor="add-member">Add by e-mail address or telephone number</label>
      <div className="field-row">
        <input
          id="add-member"
          value={typed}
          autoComplete="off"
          placeholder="ada@example.com or +44 20 7946 0000"
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" className="button" disabled={!isFree || add.busy}>
          Add
        </button>
      </div>
      <p className="hint" role="status">
        {typed === '' ? told : hintOf(contact !== null, search, seesAll)}
      </p>
      {search && search.known.length > 0 && (
        <KnownRows
          of={search.known}
          taking={taking}
          busy={add.busy}
          onAdd={({ participant, name }) => put(participant, name)}
          onNew={contact && (() => put(contact, typed.trim()))}
        />
      )}
      {add.problem && <ProblemPanel problem={add.problem} />}
    </form>
  );
}

function hintOf(isIdentifier: boolean, search: Search | null, seesAll: boolean): string {
  if (!isIdentifier) return 'An e-mail address, or a telephone number that begins with + and the country’s code.';
  if (!search) return 'Looking for who has it…';
  if (search.failed) return 'It could not be asked who has it already.';
  if (search.known.length > 0) return 'It leads to somebody who is known:';
  return seesAll
    ? 'Nobody has it yet. A new external user is made, and added.'
    : 'Who has it already is shown with participants:read and users:read only.';
}
