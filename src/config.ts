import { z } from 'zod';
import {
  address,
  databaseUrl,
  isHostAndPort,
  isOrigin,
  isPublicKey,
  list,
  onOff,
  wholeNumber,
} from './config-values.ts';
import { readStorageUrl } from './storage/storage-url.ts';
import { readTrustedDocuments } from './trusted-documents.ts';

/**
 * Every environment variable that the service reads. The README's table has a row for each; a test compares the two.
 */
const variables = z.object({
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be "development", "production" or "test"')
    .default('development'),
  HOST: z.string().optional(),
  PORT: wholeNumber(0, 65_535).default(4_000),
  PUBLIC_URL: address(['http:', 'https:']).optional(),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'must be a level of pino')
    .default('info'),
  PROCESSES: wholeNumber(1, 256).default(1),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: databaseUrl('writes').optional(),
  DATABASE_POOL_SIZE: wholeNumber(1, 500).default(10),
  DATABASE_DISTRIBUTED: onOff.default('off'),
  DATABASE_READ_URL: databaseUrl('reads').optional(),
  DATABASE_READ_LAG_MS: wholeNumber(100, 3_600_000).default(10_000),
  REDIS_URL: address(['redis:', 'rediss:']).optional(),
  STORAGE_URL: z
    .string()
    .check(({ value, issues }) => {
      const read = readStorageUrl(value);
      for (const message of 'faults' in read ? read.faults : []) issues.push({ code: 'custom', message, input: value });
    })
    .optional(),
  SECRET_KEY: z.string().min(32, 'must be at least 32 characters').optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  JWT_ALGORITHMS: list
    .refine(
      (algorithms) =>
        algorithms.length > 0 && algorithms.every((name) => /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/.test(name)),
      'must be asymmetric signature algorithms, for example RS256,ES256',
    )
    .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']),
  JWT_JWKS_URL: address(['http:', 'https:']).optional(),
  JWT_PUBLIC_KEY: z.string().refine(isPublicKey, 'must be a public key in PEM').optional(),
  GRAPHIQL: onOff.optional(),
  INTROSPECTION: onOff.optional(),
  FEDERATION: onOff.default('off'),
  CONSOLE: onOff.default('on'),
  OIDC_ISSUER: address(['http:', 'https:']).optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  TRUSTED_DOCUMENTS: z
    .string()
    .transform((file, { issues }) => {
      const { texts, faults } = readTrustedDocuments(file);
      for (const message of faults) issues.push({ code: 'custom', message, input: file });
      return texts;
    })
    .optional(),
  TRUSTED_DOCUMENTS_ONLY: onOff.optional(),
  DEMO: onOff.optional(),
  CORS_ORIGINS: list
    .refine((origins) => origins.every(isOrigin), 'must be a list of origins, for example https://inbox.example')
    .default([]),
  RATE_LIMIT: wholeNumber(0, 10_000_000).default(0),
  SLACK_API_URL: address(['http:', 'https:']).default('https://slack.com/api/'),
  SLACK_SIGNING_SECRET: z.string().min(16, 'must be at least 16 characters').optional(),
  SLACK_CLIENT_ID: z.string().optional(),
  SLACK_CLIENT_SECRET: z.string().optional(),
  TEAMS_API_URL: address(['http:', 'https:']).default('https://graph.microsoft.com/v1.0/'),
  TEAMS_AUTHORITY_URL: address(['http:', 'https:']).default('https://login.microsoftonline.com/organizations/'),
  TEAMS_CLIENT_ID: z.string().optional(),
  TEAMS_CLIENT_SECRET: z.string().optional(),
  TELEGRAM_API_URL: address(['http:', 'https:']).default('https://api.telegram.org/'),
  DISCORD_API_URL: address(['http:', 'https:']).default('https://discord.com/api/v10/'),
  DISCORD_CDN_URL: address(['http:', 'https:']).default('https://cdn.discordapp.com/'),
  GRAVATAR_URL: z.union([z.literal('off'), address(['http:', 'https:'])], 'must be a URL, or "off"').optional(),
  PROVIDER_TIMEOUT_MS: wholeNumber(100, 60_000).default(10_000),
  AVATAR_WORKERS: wholeNumber(0, 64).default(2),
  IMPORT_WORKERS: wholeNumber(0, 64).default(2),
  // S3 takes 5 GB in one piece at the most.
  IMPORT_FILE_MB: wholeNumber(1, 5_000).default(512),
  JOB_LEASE_MS: wholeNumber(100, 600_000).default(30_000),
  HISTORY_RETENTION_DAYS: wholeNumber(0, 36_500).default(0),
  EGRESS_ALLOW: list.refine((hosts) => hosts.every(isHostAndPort), 'must be a list of host:port').default([]),
});

/** The service's settings, checked. */
export type Config = {
  production: boolean;
  host: string;
  port: number;
  /** How many processes serve the port. */
  processes: number;
  /** The URL that clients reach the service by. Null to use the port that it listens on. */
  publicUrl: string | null;
  logLevel: string;
  dataDir: string;
  /** Null for the embedded database. */
  databaseUrl: string | null;
  databasePoolSize: number;
  /** Whether tenants are on several nodes of a distributed PostgreSQL. */
  databaseDistributed: boolean;
  /** The standby for reads that may lag. Null to read from the database that is written. */
  databaseReadUrl: string | null;
  /** How far it may lag and still be read. */
  databaseReadLagMs: number;
  redisUrl: string | null;
  storageUrl: string;
  /** Null for development keys, which the first start creates. */
  secretKey: string | null;
  jwt: {
    issuer: string;
    audience: string;
    algorithms: readonly string[];
    /** Null for the development key. */
    key: { jwksUrl: string } | { publicKeyPem: string } | null;
  };
  graphiql: boolean;
  introspection: boolean;
  /** Whether the graph is a subgraph of Apollo Federation. */
  federation: boolean;
  /** Whether the pages for operators are served. */
  console: boolean;
  /** Where operators sign in to them. Null where they can only give an access key. */
  openId: { issuer: string; clientId: string } | null;
  /** The text of each trusted document by its id. Null without trusted documents. */
  trustedDocuments: ReadonlyMap<string, string> | null;
  /** Whether no other documents run. */
  trustedDocumentsOnly: boolean;
  demo: boolean;
  corsOrigins: readonly string[];
  /** Requests per minute and credential. 0 is no limit. */
  rateLimit: number;
  slackApiUrl: string;
  /** What Slack signs its deliveries with. Null refuses them. */
  slackSigningSecret: string | null;
  teamsApiUrl: string;
  teamsAuthorityUrl: string;
  telegramApiUrl: string;
  discordApiUrl: string;
  discordCdnUrl: string;
  /** Null to ask about no e-mail address. */
  gravatarUrl: string | null;
  /** The service's id and secret at each provider with a sign-in. Null where it has none. */
  oauthClients: Readonly<Record<'slack' | 'teams', { id: string; secret: string } | null>>;
  providerTimeoutMs: number;
  /** How many avatars this process syncs at once in the background. */
  avatarWorkers: number;
  /** How many imports and exports this process does at once, each of another tenant. */
  importWorkers: number;
  /** Bytes of a file that may be imported. */
  largestImport: number;
  /** After how long without a renewal another worker gets the job. */
  jobLeaseMs: number;
  /** After how many days history entries are deleted. 0 keeps all. */
  historyRetentionDays: number;
  egressAllow: readonly string[];
};

/** All faults of the environment, one per line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const neededInProduction = ['DATABASE_URL', 'SECRET_KEY', 'PUBLIC_URL', 'JWT_ISSUER', 'JWT_AUDIENCE'] as const;

/** Reads the settings from the environment. Throws ConfigError with every fault at once. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = variables.safeParse(given);
  const faults = result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path[0]?.toString()} ${message}`);

  const production = given['NODE_ENV'] === 'production';
  if (production) {
    for (const name of neededInProduction) if (!given[name]) faults.push(`${name} is needed in production`);
    if (!given['JWT_JWKS_URL'] && !given['JWT_PUBLIC_KEY'])
      faults.push('JWT_JWKS_URL or JWT_PUBLIC_KEY is needed in production');
    if (given['DEMO'] === 'on') faults.push('DEMO must not be on in production');
  }
  if (Number(given['PROCESSES']) > 1) {
    if (!given['DATABASE_URL'])
      faults.push('PROCESSES above 1 needs DATABASE_URL: the embedded database belongs to one process');
    if (!given['REDIS_URL'])
      faults.push('PROCESSES above 1 needs REDIS_URL: events reach the other processes through it');
  }
  if (given['DATABASE_DISTRIBUTED'] === 'on' && !given['DATABASE_URL'])
    faults.push('DATABASE_DISTRIBUTED needs DATABASE_URL: the embedded database is one node');
  if (given['DATABASE_READ_URL'] && !given['DATABASE_URL'])
    faults.push('DATABASE_READ_URL needs DATABASE_URL: the standby has to be one of that database');
  const ownKey = given['JWT_JWKS_URL'] ?? given['JWT_PUBLIC_KEY'];
  if (given['JWT_JWKS_URL'] && given['JWT_PUBLIC_KEY'])
    faults.push('JWT_JWKS_URL and JWT_PUBLIC_KEY exclude each other');
  if (Boolean(given['OIDC_ISSUER']) !== Boolean(given['OIDC_CLIENT_ID']))
    faults.push('OIDC_ISSUER and OIDC_CLIENT_ID are needed together');
  for (const name of ['SLACK', 'TEAMS']) {
    if (Boolean(given[`${name}_CLIENT_ID`]) !== Boolean(given[`${name}_CLIENT_SECRET`])) {
      faults.push(`${name}_CLIENT_ID and ${name}_CLIENT_SECRET are needed together`);
    }
  }
  if (given['TRUSTED_DOCUMENTS_ONLY'] === 'on' && !given['TRUSTED_DOCUMENTS'] && given['CONSOLE'] === 'off')
    faults.push('TRUSTED_DOCUMENTS_ONLY needs TRUSTED_DOCUMENTS or the console: without documents nothing would run');
  if (!production && ownKey && !(given['JWT_ISSUER'] && given['JWT_AUDIENCE'])) {
    faults.push('JWT_ISSUER and JWT_AUDIENCE are needed with a JWT key');
  }
  if (!result.success || faults.length > 0) throw new ConfigError(faults.join('\n'));

  const env = result.data;
  const development = env.NODE_ENV !== 'production';
  // Only the operator may decide to send real e-mail addresses to a third party. The demo tenant needs no pictures from
  // there.
  const gravatarUrl = env.GRAVATAR_URL ?? (env.NODE_ENV === 'development' ? 'https://gravatar.com/avatar/' : 'off');
  return {
    production: !development,
    host: env.HOST ?? (development ? '127.0.0.1' : '0.0.0.0'),
    port: env.PORT,
    processes: env.PROCESSES,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    logLevel: env.LOG_LEVEL,
    dataDir: env.DATA_DIR,
    databaseUrl: env.DATABASE_URL ?? null,
    databasePoolSize: env.DATABASE_POOL_SIZE,
    databaseDistributed: env.DATABASE_DISTRIBUTED === 'on',
    databaseReadUrl: env.DATABASE_READ_URL ?? null,
    databaseReadLagMs: env.DATABASE_READ_LAG_MS,
    redisUrl: env.REDIS_URL ?? null,
    storageUrl: env.STORAGE_URL ?? `file:${env.DATA_DIR}/files`,
    secretKey: env.SECRET_KEY ?? null,
    jwt: {
      issuer: env.JWT_ISSUER ?? 'rollcall-development',
      audience: env.JWT_AUDIENCE ?? 'rollcall',
      algorithms: env.JWT_ALGORITHMS,
      key: env.JWT_JWKS_URL
        ? { jwksUrl: env.JWT_JWKS_URL }
        : env.JWT_PUBLIC_KEY
          ? { publicKeyPem: env.JWT_PUBLIC_KEY }
          : null,
    },
    graphiql: (env.GRAPHIQL ?? (development ? 'on' : 'off')) === 'on',
    introspection: (env.INTROSPECTION ?? env.GRAPHIQL ?? (development ? 'on' : 'off')) === 'on',
    federation: env.FEDERATION === 'on',
    console: env.CONSOLE === 'on',
    openId: env.OIDC_ISSUER && env.OIDC_CLIENT_ID ? { issuer: env.OIDC_ISSUER, clientId: env.OIDC_CLIENT_ID } : null,
    trustedDocuments: env.TRUSTED_DOCUMENTS ?? null,
    trustedDocumentsOnly: env.TRUSTED_DOCUMENTS_ONLY === 'on',
    demo: (env.DEMO ?? (development ? 'on' : 'off')) === 'on',
    corsOrigins: env.CORS_ORIGINS,
    rateLimit: env.RATE_LIMIT,
    slackApiUrl: env.SLACK_API_URL,
    slackSigningSecret: env.SLACK_SIGNING_SECRET ?? null,
    teamsApiUrl: env.TEAMS_API_URL,
    teamsAuthorityUrl: env.TEAMS_AUTHORITY_URL,
    telegramApiUrl: env.TELEGRAM_API_URL,
    discordApiUrl: env.DISCORD_API_URL,
    discordCdnUrl: env.DISCORD_CDN_URL,
    gravatarUrl: gravatarUrl === 'off' ? null : gravatarUrl,
    oauthClients: {
      slack: clientOf(env.SLACK_CLIENT_ID, env.SLACK_CLIENT_SECRET),
      teams: clientOf(env.TEAMS_CLIENT_ID, env.TEAMS_CLIENT_SECRET),
    },
    providerTimeoutMs: env.PROVIDER_TIMEOUT_MS,
    avatarWorkers: env.AVATAR_WORKERS,
    importWorkers: env.IMPORT_WORKERS,
    largestImport: env.IMPORT_FILE_MB * 1_000_000,
    jobLeaseMs: env.JOB_LEASE_MS,
    historyRetentionDays: env.HISTORY_RETENTION_DAYS,
    egressAllow: env.EGRESS_ALLOW,
  };
}

const clientOf = (id: string | undefined, secret: string | undefined) => (id && secret ? { id, secret } : null);
