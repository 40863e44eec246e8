import { expect } from 'vitest';
import { type EnsureParticipant, ensureConversationParticipant } from '../../src/conversations/ensure.ts';
import { problemBehind } from '../../src/database/failures.ts';
import type { TestApp, TestTenant } from '../app.ts';

/** Somebody to be ensured, and by whom; under an agent's key where one is named. */
export type Call = { of: TestTenant; agentId?: string | null; conversationId: string; participant: EnsureParticipant };
export type Outcome = { created: boolean; id: string; participantId: string; name: string | null } | { code: string };

/** All that there is to read of a membership. */
export const whole = { own: null, subject: null };

/** Ensures by the rule itself: what comes through HTTP at the same moment does not always get there at the same moment. */
export async function ask(
  service: TestApp,
  { of, agentId = null, conversationId, participant }: Call,
): Promise<Outcome> {
  try {
    const db = service.app.database.forTenant(of.id, agentId);
    const { created, participant: member } = await ensureConversationParticipant(
      db,
      { conversationId, participant },
      whole,
    );
    const { id, participantId, subject } = member;
    expect(member.createdAt).toBeInstanceOf(Date);
    return {
      created,
      id,
      participantId,
      name: subject && ('displayName' in subject ? subject.displayName : subject.id),
    };
  } catch (error) {
    return { code: problemBehind(error).code };
  }
}

/** Ensures all at the same moment; with the statements that took. */
export async function ensureConcurrently(
  service: TestApp,
  calls: readonly Call[],
): Promise<{ outcomes: Outcome[]; statements: string[] }> {
  const before = service.statements.length;
  const outcomes = await Promise.all(calls.map((call) => ask(service, call)));
  return { outcomes, statements: service.statements.slice(before) };
}

export const flow = (id: string) => ({ flow: { id } });
