import { expect } from 'vitest';
import { dataOf, type TestApp } from '../app.ts';
import { createAgent, createConfig } from '../factories.ts';
import { fromSlack, slackMessage } from '../fakes/deliveries.ts';
import { generate, type UnknownSender, unknownSenders, type Webhook } from './webhooks.ts';

/** A config with a webhook of an agent. */
export type Place = Webhook & { config: string; agent: string };

/** No sender's id. */
export const nobody = '0198f000-0000-7000-8000-000000000000';

/** How unknown senders come to a service's tenant, and what is made of them. */
export function strangersOf(service: TestApp) {
  async function place(provider = 'slack'): Promise<Place> {
    const agent = await createAgent(service.tenant);
    const config = await createConfig(service.tenant, provider);
    return { ...(await generate(service.tenant, { integrationConfigId: config, agentId: agent })), config, agent };
  }
  const send = async ({ url }: Place, user: string, ts?: number) => {
    const response = await service.app.fetch(
      fromSlack(url, slackMessage(user, ts === undefined ? {} : { ts: `${ts}.000100` })),
    );
    expect(response.status).toBe(200);
  };
  const senders = ({ config }: Place) => unknownSenders(service.tenant, { integrationConfigId: config });
  /** An unknown sender with so many messages. */
  async function stranger(at: Place, address: string, messages = 1): Promise<UnknownSender> {
    for (let message = 0; message < messages; message += 1) await send(at, address);
    return (await senders(at)).find((each) => each.address === address)!;
  }
  const mutate = (name: string, input: object, headers?: Record<string, string>) =>
    service.tenant.graphql(
      `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${
        name === 'dismissUnknownSender'
          ? 'dismissedId'
          : 'participant { id kind displayName email agentIds modifiedAt channels { integrationConfigId address lastMessageAt messageCount health { reachable } } }'
      } } }`,
      { input },
      headers,
    );
  const make = (input: object) => mutate('createParticipantFromUnknownSender', input);
  const made = async (input: object) => dataOf(await make(input)).createParticipantFromUnknownSender.participant;
  return { place, send, senders, stranger, mutate, make, made };
}
