import fc from 'fast-check';
import { expect } from 'vitest';
import { type Answer, dataOf, type TestTenant, type Untyped } from '../app.ts';

/*
 * What histories of merges are made of, for both kinds of people.
 */

/** Sends a mutation that takes one input of the type that is named like it. */
export const call = (of: TestTenant, name: string, input: object, fields: string): Promise<Answer<Untyped>> => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return of.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input });
};

export const undo = (of: TestTenant, mergeId: unknown) =>
  call(of, 'undoMerge', { mergeId }, 'externalUsers { id } participants { id } notRestored { subjectId field detail }');

/** Adds a user, `{ user: { id } }`, or a contact, `{ contact: { id } }`, to a conversation. */
export const join = (of: TestTenant, conversationId: unknown, participant: object, status = 'ACTIVE') =>
  call(of, 'ensureConversationParticipant', { conversationId, participant, status }, 'participant { id }');

/** Creates three conversations, and returns their ids. */
export async function createTalks(of: TestTenant): Promise<string[]> {
  const talks: string[] = [];
  for (let n = 0; n < 3; n += 1)
    talks.push(
      dataOf(await call(of, 'createConversation', {}, 'conversation { id }')).createConversation.conversation.id,
    );
  return talks;
}

/** Who is in which of the three conversations, and as what. */
export type Joined = { one: number; talk: number; status: string };

export const joinedBy = (somebody: fc.Arbitrary<number>): fc.Arbitrary<Joined> =>
  fc.record({ one: somebody, talk: fc.nat(2), status: fc.constantFrom('ACTIVE', 'INVITED', 'PENDING') });

/** Undoes open merges in the order that `next` says. One whose survivor is merged itself is tried again later. */
export async function undoAll(of: TestTenant, open: string[], next: (length: number) => number): Promise<void> {
  for (let refused = 0; open.length > 0; ) {
    const at = next(open.length);
    const answer = await undo(of, open[at]);
    if (answer.errors) {
      expect(answer.errors).toMatchObject([
        { message: expect.stringContaining('Undo the merge '), extensions: { code: 'CONFLICT' } },
      ]);
      refused += 1;
      expect(refused).toBeLessThan(200);
      continue;
    }
    expect(dataOf(answer).undoMerge.notRestored).toEqual([]);
    open.splice(at, 1);
  }
}
