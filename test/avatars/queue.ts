import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { startApp, type TestTenant } from '../app.ts';
import { createConfig } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { later } from '../use-app.ts';
import { eager } from './background.ts';

async function startQueue() {
  const slack = await startFakeSlack();
  const picture = await png(64, 64);
  const environment = {
    SLACK_API_URL: slack.apiUrl,
    EGRESS_ALLOW: slack.host,
    PROVIDER_TIMEOUT_MS: '2000',
    LOG_LEVEL: 'silent',
    ...eager,
  };
  const own = await createOwnDatabase(inject('database'));
  const service = await startApp(environment, undefined, { database: own.place });
  return {
    slack,
    picture,
    environment,
    service,
    async stop() {
      await service.close();
      await own.drop();
      await slack.close();
    },
  };
}

/** Lets Slack work again, for one user with that picture. */
function resetSlack(slack: FakeSlack, picture: Uint8Array): void {
  slack.apiTrouble = null;
  slack.imageTrouble = null;
  slack.tokens.clear();
  slack.tokens.set('xoxb-good', 'accepted');
  slack.users.clear();
  slack.users.set('U0ADA', { image: picture });
  slack.requests.length = 0;
}

/**
 * A service whose jobs don't wait, with a database and a Slack of its own, for a file's tests. Each test has a tenant
 * of its own, with a config of Slack.
 */
export function useQueue() {
  let started: Awaited<ReturnType<typeof startQueue>> | undefined;
  let tenant: TestTenant | undefined;
  let config = '';
  beforeAll(async () => {
    started = await startQueue();
  });
  beforeEach(async () => {
    if (!started) return;
    resetSlack(started.slack, started.picture);
    tenant = await started.service.createTenant();
    config = await createConfig(tenant, 'slack', 'xoxb-good');
  });
  afterAll(() => started?.stop());
  return {
    slack: later(() => started?.slack),
    service: later(() => started?.service),
    tenant: later(() => tenant),
    queue: later(() => started),
    config: () => config,
  };
}
