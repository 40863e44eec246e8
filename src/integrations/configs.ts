import { z } from 'zod';
import type { TenantDatabase } from '../database/database.ts';
import type { IntegrationConfig } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { boundedRows, maxRows, oneByUuid } from '../database/loaders.ts';
import { orderByName } from '../database/names.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { anyKey, parameter, tenant } from '../database/sql/fragment.ts';
import { batchedRead, statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { announceConfig } from '../directory/participants/announce.ts';
import { Problem } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { isRegion } from '../values/phone-number.ts';
import { displayName, text } from '../values/text.ts';
import type { TokenCipher } from './token-cipher.ts';

const whole = columns('IntegrationConfig', 'i');

/** Integration configs by their ids. */
export const configById = oneByUuid(
  batchedRead(
    whole,
  )`select ${whole} from integration_config i where i.tenant_id = ${tenant} and i.id = ${anyKey(uuid)}`,
  'id',
);

const everyConfig = statement(whole)`
  select ${whole} from integration_config i where i.tenant_id = ${tenant}
  order by i.provider collate "C", ${orderByName('i.name')}, i.id limit ${maxRows + 1}`;

/**
 * Returns every integration config of the tenant, ordered by provider and name. Throws RESULT_TOO_LARGE over 10,000.
 */
export const listConfigs = async (db: TenantDatabase): Promise<IntegrationConfig[]> =>
  boundedRows(await db.query(everyConfig), 'integration configs');

/** Returns INTEGRATION_CONFIG_NOT_FOUND for a config that the tenant does not have. */
export const configNotFound = (id: string) =>
  new Problem('INTEGRATION_CONFIG_NOT_FOUND', `There is no integration config ${id}.`);

/** A provider's name, converted to lower case. */
export const providerName = z
  .string('must be text')
  .trim()
  .toLowerCase()
  .regex(/^[a-z][a-z0-9_-]{0,49}$/, 'must be 1 to 50 letters, digits, dashes or underscores, and begin with a letter');

/** The country of telephone numbers without a plus, in any case. */
export const defaultRegion = z
  .string('must be text')
  .trim()
  .toUpperCase()
  .refine(isRegion, 'must be a country as ISO 3166 spells it in two letters: US, for one');

const newConfig = z.object({ provider: providerName, name: displayName, defaultRegion: defaultRegion.nullish() });

/** Creates an integration config that is not connected, and returns its id. */
export async function createIntegrationConfig(
  db: TenantDatabase,
  input: z.input<typeof newConfig>,
  id = newId(),
): Promise<string> {
  const { defaultRegion = null, ...config } = checked(newConfig, input);
  const data = { tenantId: db.tenantId, id, defaultRegion, ...config };
  await db.transaction(async (tx) => {
    await tx.integrationConfig.create({ data });
    announceConfig(tx, id, 'CREATED');
  });
  return data.id;
}

const connection = z.object({ token: z.string('must be text').trim().pipe(text(1, 8_000)) });

/**
 * Stores a provider's token, encrypted, in place of any before, and returns the config's id. Throws
 * INTEGRATION_CONFIG_NOT_FOUND.
 */
export async function connectIntegration(
  db: TenantDatabase,
  input: { id: string; token: string },
  cipher: TokenCipher,
): Promise<string> {
  const { token } = checked(connection, { token: input.token });
  const id = asUuid(input.id);
  if (!id) throw configNotFound(input.id);
  const data = {
    tokenCiphertext: cipher.seal(token, id),
    connectedAt: db.now(),
    workspaceName: null,
    workspaceId: null,
    disconnectedReason: null,
  };
  const { count } = await db.transaction((tx) =>
    tx.integrationConfig.updateMany({ where: { tenantId: db.tenantId, id }, data }),
  );
  if (count === 0) throw configNotFound(id);
  announceConfig(db, id);
  return id;
}

const disconnect = statement(rows({ id: uuid }))`
  update integration_config i set token_ciphertext = null, connected_at = null,
    disconnected_reason = case when i.token_ciphertext is null then i.disconnected_reason else 'OPERATOR' end
  where i.tenant_id = ${tenant} and i.id = ${parameter('id', uuid)} returning i.id`;

/**
 * Deletes a config's token and returns the config's id. A second call changes nothing. Throws
 * INTEGRATION_CONFIG_NOT_FOUND.
 */
export async function disconnectIntegration(db: TenantDatabase, input: { id: string }): Promise<string> {
  const id = asUuid(input.id);
  const [config] = id ? await db.query(disconnect, { id }) : [];
  if (!config) throw configNotFound(input.id);
  announceConfig(db, config.id);
  return config.id;
}
