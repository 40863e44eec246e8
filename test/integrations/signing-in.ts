import { afterAll, beforeAll, beforeEach } from 'vitest';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { type FakeTeams, startFakeTeams } from '../fakes/teams.ts';
import { later } from '../use-app.ts';

/** The service's address and its key. */
export const publicUrl = 'https://rollcall.example.com/graph';
export const secretKey = 'a secret key that only these tests have';

async function startSigningIn() {
  const slack = await startFakeSlack();
  const teams = await startFakeTeams();
  const service = await startApp({
    PUBLIC_URL: publicUrl,
    SECRET_KEY: secretKey,
    SLACK_API_URL: slack.apiUrl,
    SLACK_CLIENT_ID: 'client-id',
    SLACK_CLIENT_SECRET: 'client-secret',
    ...teams.env,
    TEAMS_CLIENT_ID: 'client-id',
    TEAMS_CLIENT_SECRET: 'client-secret',
    EGRESS_ALLOW: `${slack.host},${teams.host}`,
  });
  return {
    slack,
    teams,
    service,
    async stop() {
      await service.close();
      await slack.close();
      await teams.close();
    },
  };
}

/** Lets both providers give their consent again. */
function resetFakes(slack: FakeSlack, teams: FakeTeams): void {
  for (const fake of [slack, teams]) {
    fake.apiTrouble = null;
    fake.retryAfter = '30';
    fake.requests.length = 0;
    Object.assign(fake.authorization, { consent: 'given', clientSecret: 'client-secret', workspaceName: 'Fake' });
  }
  for (const provider of ['slack', 'teams'] as const) {
    ({ slack, teams })[provider].authorization.redirectUri = `${publicUrl}/oauth/${provider}/callback`;
  }
}

/** A service that Slack and Teams know, and the two as fakes, for a file's tests. Each test has a tenant of its own. */
export function useSigningIn() {
  let started: Awaited<ReturnType<typeof startSigningIn>> | undefined;
  let tenant: TestTenant | undefined;
  beforeAll(async () => {
    started = await startSigningIn();
  });
  beforeEach(async () => {
    if (!started) return;
    resetFakes(started.slack, started.teams);
    tenant = await started.service.createTenant();
  });
  afterAll(() => started?.stop());
  return {
    slack: later(() => started?.slack),
    teams: later(() => started?.teams),
    service: later(() => started?.service),
    tenant: later(() => tenant),
  };
}

/** How an operator signs in to a provider; `current` is the service and the tenant of the test that runs. */
export function signingInOf(current: () => { service: TestApp; tenant: TestTenant }) {
  const begin = (id: string, headers?: Record<string, string>) =>
    current().tenant.graphql(
      'mutation ($id: ID!) { beginIntegrationOAuth(input: { id: $id }) { authorizationUrl } }',
      { id },
      ...(headers ? [headers] : []),
    );

  /** Goes to the provider as the operator's browser does; returns where it is sent back to. */
  async function consent(id: string, headers?: Record<string, string>): Promise<string> {
    const { authorizationUrl } = dataOf(await begin(id, headers)).beginIntegrationOAuth;
    const page = await fetch(authorizationUrl, { redirect: 'manual' });
    const back = page.headers.get('location');
    if (!back) throw new Error(`${authorizationUrl}: ${page.status} ${await page.text()}`);
    return back;
  }

  /** Comes back; what stands in front of the service has taken the path of PUBLIC_URL away. */
  async function comeBack(to: string, method = 'GET') {
    const response = await current().service.app.fetch(new Request(to.replace('/graph/oauth', '/oauth'), { method }));
    return { status: response.status, headers: response.headers, page: await response.text() };
  }
  return { begin, consent, comeBack };
}

/** The state that goes to the provider and comes back. */
export const stateOf = (url: string) => new URL(url).searchParams.get('state') as string;
