import type { TestApp, TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { post } from './client.ts';

/** An agent with three contacts who have a channel to sync from. */
export async function contacts(
  tenant: TestTenant,
): Promise<{ agentId: string; participantId: string; channelId: string }> {
  const agentId = await createAgent(tenant);
  const integrationConfigId = await createConfig(tenant, 'slack', 'xoxb-good');
  const ids = [];
  for (const address of ['U0ADA', 'U0BOB', 'U0EVE'])
    ids.push(await createParticipant(tenant, { agentIds: [agentId], channels: [{ integrationConfigId, address }] }));
  const participantId = ids[0] as string;
  const { data } = await tenant.graphql('query ($id: ID!) { participant(id: $id) { channels { id } } }', {
    id: participantId,
  });
  return { agentId, participantId, channelId: data.participant.channels[0].id };
}

/** A call that waits for the batch of an agent. */
export const waitingCall = (id: unknown, agentId: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'sync_avatar', arguments: { agentId }, _meta: { progressToken: 'p' } },
});

/** The notification that cancels a call. */
export const cancel = (requestId: unknown) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});

/** Starts a call that waits, and returns when it has told its first progress. */
export async function waiting(service: TestApp, headers: Record<string, string>, id: unknown, agentId: string) {
  const response = await post(service, headers, waitingCall(id, agentId));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('notifications/progress')) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the call ended: ${text}`);
    text += value;
  }
  const rest = (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    return text;
  })();
  return { rest, reader };
}

/** Returns whether a call goes on for a while. */
export async function goesOn({ rest }: { rest: Promise<string> }): Promise<boolean> {
  const open = Symbol('open');
  return (await Promise.race([rest, new Promise((resolve) => setTimeout(resolve, 300, open))])) === open;
}
