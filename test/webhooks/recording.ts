import type { Connection } from '../../src/database/connection.ts';
import type { TestApp, TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { fromSlack, slackMessage } from '../fakes/deliveries.ts';
import { generate, type Webhook } from './webhooks.ts';

/** What happens to the transactions of a service that was started with `around`. */
export const failures: {
  /** They fail in that way, so many times. */
  failing: { error: Error; times: number } | null;
  /** They wait; `begun` is called by each. */
  waiting: { begun(): void; until: Promise<void> } | null;
} = { failing: null, waiting: null };

/** Lets a service's transactions fail or wait, as `failures` says. */
export const around = (connection: Connection): Connection => {
  const adapter = new Proxy(connection.adapter, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== 'connect') return typeof value === 'function' ? value.bind(target) : value;
      return async () => {
        const made = await target.connect();
        const start = made.startTransaction.bind(made);
        made.startTransaction = async (...args) => {
          failures.waiting?.begun();
          await failures.waiting?.until;
          if (!failures.failing || failures.failing.times === 0) return start(...args);
          failures.failing.times -= 1;
          throw failures.failing.error;
        };
        return made;
      };
    },
  });
  return { ...connection, adapter };
};

export type Slack = Webhook & { config: string; agent: string; tenant: TestTenant };

/** A config of Slack with an agent and a webhook. */
export async function slackOf(tenant: TestTenant): Promise<Slack> {
  const agent = await createAgent(tenant);
  const config = await createConfig(tenant, 'slack');
  return { ...(await generate(tenant, { integrationConfigId: config, agentId: agent })), config, agent, tenant };
}

/** A participant with those addresses at the config. */
export const person = ({ tenant, config }: Slack, ...addresses: string[]) =>
  createParticipant(tenant, { channels: addresses.map((address) => ({ integrationConfigId: config, address })) });

/** Delivers a message of the user; returns the status. */
export const sendTo = async (app: TestApp['app'], url: string, user: string, eventId?: string) =>
  (await app.fetch(fromSlack(url, slackMessage(user, eventId === undefined ? {} : { eventId })))).status;

/** So many, each made of its index. */
export const times = <Made>(count: number, make: (index: number) => Made) =>
  Array.from({ length: count }, (_, index) => make(index));
