import { type FormEvent, useState } from 'react';
import { useAct } from '../../graph/act.ts';
import { AddMemberDocument, type IdentifierKey } from '../../graph/generated/graphql.ts';
import { ProblemPanel } from '../../parts/states.tsx';
import { identifierOf } from '../find/identifier.ts';

/** Reads what was typed as an identifier that a contact can be added by. */
function contactOf(text: string): { identifierKey: IdentifierKey; identifierValue: string } | null {
  const identifier = identifierOf(text);
  if (identifier?.email) return { identifierKey: 'emailaddress', identifierValue: identifier.email };
  if (identifier?.phoneNumber) return { identifierKey: 'phonenumber', identifierValue: identifier.phoneNumber };
  return null;
}

/** Adds somebody to a conversation by their e-mail address or telephone number. */
export function AddMember({ conversationId, added }: { conversationId: string; added(): void }) {
  const [typed, setTyped] = useState('');
  const [told, setTold] = useState('');
  const add = useAct(AddMemberDocument);
  const contact = contactOf(typed);
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!contact) return;
    const data = await add.run({ conversationId, participant: { contactByIdentifier: contact }, status: null });
    if (!data?.ensureConversationParticipant) return;
    setTold(data.ensureConversationParticipant.created ? `${typed} was added.` : `${typed} takes part already.`);
    setTyped('');
    added();
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
        <button type="submit" className="button" disabled={!contact || add.busy}>
          Add
        </button>
      </div>
      <p className="hint" role="status">
        {typed && !contact
          ? 'An e-mail address, or a telephone number that begins with + and the country’s code.'
          : told}
      </p>
      {add.problem && <ProblemPanel problem={add.problem} />}
    </form>
  );
}
