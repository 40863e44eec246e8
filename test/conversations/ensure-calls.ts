import { expect } from 'vitest';
import { type EnsureParticipant, ensureConversationParticipant } from '../../src/conversations/ensure.ts';
import { problemBehind } from '../../src/database/failures.ts';
import type { TestApp, TestTenant } from '../app.ts';

/** A call of the rule by a tenant, or by an agent's key where one is named. */
export type Call = { of: TestTenant; agentId?: string | null; conversationId: string; participant: EnsureParticipant };
export type Outcome = { created: boolean; id: string; participantId: string; name: string | null } | { code: string };

/** All that there is to read of a membership. */
export const whole = { own: null, subject: null };

/** Calls the rule itself: concurrent HTTP requests do not always arrive in one turn of the event loop. */
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

/** Ensures all concurrently. Returns the statements that it took, too. */
export async function ensureConcurrently(
  service: TestApp,
  calls: readonly Call[],
): Promise<{ outcomes: Outcome[]; statements: string[] }> {
  const before = service.statements.length;
  const outcomes = await Promise.all(calls.map((call) => ask(service, call)));
  return { outcomes, statements: service.statements.slice(before) };
}

export const flow = (id: string) => ({ flow: { id } });
