import { dataOf, type TestTenant } from './app.ts';

let count = 0;

/** Creates an agent; returns its id. */
export async function createAgent(tenant: TestTenant, id = `agent-${++count}`): Promise<string> {
  dataOf(
    await tenant.graphql('mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }', {
      input: { id, name: id },
    }),
  );
  return id;
}

/** Creates an integration config, connected when a token is given; returns its id. */
export async function createConfig(tenant: TestTenant, provider = 'slack', token?: string): Promise<string> {
  const created = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id } } }',
      { input: { provider, name: `${provider} ${++count}` } },
    ),
  );
  const { id } = created.createIntegrationConfig.integrationConfig;
  if (token !== undefined) {
    dataOf(
      await tenant.graphql(
        'mutation ($input: ConnectIntegrationInput!) { connectIntegration(input: $input) { integrationConfig { id } } }',
        {
          input: { id, token },
        },
      ),
    );
  }
  return id;
}

/** Creates a participant, a person unless said; returns its id. */
export async function createParticipant(tenant: TestTenant, input: Record<string, unknown> = {}): Promise<string> {
  const created = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }',
      {
        input: { kind: 'PERSON', displayName: `Person ${++count}`, ...input },
      },
    ),
  );
  return created.createParticipant.participant.id;
}

/** Creates an access key; returns the header to send it in, and the key's id. */
export async function createAccessKey(
  tenant: TestTenant,
  scopes: readonly string[],
): Promise<{ id: string; headers: Record<string, string> }> {
  const created = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateAccessKeyInput!) { createAccessKey(input: $input) { key { id } secret } }',
      {
        input: { name: 'test', scopes },
      },
    ),
  );
  const { key, secret } = created.createAccessKey;
  return { id: key.id, headers: { authorization: `AccessKey ${secret}` } };
}

/** Creates an agent's secret key; returns the header to send it in, and the key's id. */
export async function createAgentKey(
  tenant: TestTenant,
  agentId: string,
): Promise<{ id: string; headers: Record<string, string> }> {
  const created = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateAgentSecretKeyInput!) { createAgentSecretKey(input: $input) { key { id } secret } }',
      {
        input: { agentId },
      },
    ),
  );
  const { key, secret } = created.createAgentSecretKey;
  return { id: key.id, headers: { 'agent-secret-key': secret } };
}
