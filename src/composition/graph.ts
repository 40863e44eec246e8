import type { Logger } from 'pino';
import { createAuthenticator } from '../auth/authenticate.ts';
import type { DevelopmentKeys } from '../auth/development-keys.ts';
import { jwtVerifier } from '../auth/jwt.ts';
import { createLastUse } from '../auth/last-use.ts';
import type { Viewer } from '../auth/viewer.ts';
import { channelsChanged, setAvatarFile } from '../avatars/automatic.ts';
import { createFileUrls } from '../avatars/file-urls.ts';
import { type Config, ConfigError } from '../config.ts';
import { announceMembershipsOf, leaveTombstones } from '../conversations/ended-memberships.ts';
import type { TenantHandle } from '../database/database.ts';
import { createOperationTurns } from '../database/operation-turns.ts';
import { consoleFolder, readConsoleDocuments } from '../http/console-files.ts';
import { createAdmission } from '../operations/admission.ts';
import { createPrepare, type Prepare } from '../operations/prepare.ts';
import { createOperations } from '../operations/run.ts';
import { createStreams } from '../operations/streams.ts';
import { TrustedDocumentsError } from '../operations/trusted.ts';
import { deleteLeftFiles } from '../persons/left-files.ts';
import { createGraphContext } from '../schema/context.ts';
import { buildSchema } from '../schema/schema.ts';
import type { Services } from '../schema/services.ts';
import type { Avatars } from './avatars.ts';
import type { Integrations } from './integrations.ts';
import type { Resources } from './resources.ts';

/** After how many runs a query is compiled, unless a test sets it. */
const runsBeforeCompilation = 2;

export type Graph = ReturnType<typeof createGraph>;

export type GraphParts = {
  resources: Resources;
  integrations: Integrations;
  avatars: Avatars;
  publicUrl: () => string;
  prepare: Prepare;
};

/**
 * Builds the schema and checks the trusted documents with it. The console's are trusted too. Throws ConfigError with
 * all that is wrong with them.
 */
export function createDocuments(config: Config, compileAfter = runsBeforeCompilation): Prepare {
  try {
    return createPrepare(buildSchema({ federation: config.federation }), {
      introspection: config.introspection,
      compileAfter,
      trusted: config.trustedDocuments,
      own: config.console ? readConsoleDocuments(consoleFolder) : null,
      trustedOnly: config.trustedDocumentsOnly,
    });
  } catch (error) {
    if (!(error instanceof TrustedDocumentsError)) throw error;
    const faults = error.faults.map((fault) => `TRUSTED_DOCUMENTS has a document that cannot run: ${fault}`);
    throw new ConfigError(faults.join('\n'));
  }
}

/** Composes the graph: authentication, the services that resolvers get, and the pipeline that runs operations. */
export function createGraph(
  config: Config,
  { resources, integrations, avatars, publicUrl, prepare }: GraphParts,
  log: Logger,
) {
  const { database, events, developmentKeys, secretKey, storage } = resources;
  const { tokenCipher, signIns, webhookProviders } = integrations;
  const { syncable } = avatars;
  const fileUrls = createFileUrls(secretKey, publicUrl, () => database.now().getTime());
  const services: Services = {
    events,
    avatars: avatars.avatars,
    syncable,
    participantHooks: {
      channelsChanged: (tx, participantId, changes) => channelsChanged(tx, participantId, changes, syncable),
      setAvatarFile,
      beforeDelete: (tx, id) => announceMembershipsOf(tx, 'participant', id),
    },
    externalUserHooks: { beforeDelete: leaveTombstones },
    fileUrls,
    tokenCipher,
    signIns,
    webhookProviders,
    publicUrl,
    dataStorage: storage,
    deleteLeft: (left) =>
      deleteLeftFiles(database, storage, left).catch((error: unknown) =>
        log.warn({ err: error }, 'the files of an erased person are left to the sweep'),
      ),
  };

  const lastUse = createLastUse(database, (error) =>
    log.warn({ err: error }, 'the last uses of keys cannot be stored'),
  );
  const authenticator = createAuthenticator(
    database,
    jwtVerifier(
      {
        ...config.jwt,
        key: config.jwt.key ?? { publicKeyPem: (developmentKeys as DevelopmentKeys).publicKeyPem },
      },
      {
        away: (error) => log.warn({ err: error }, 'the key set cannot be fetched: known keys serve on'),
        back: () => log.info('the key set can be fetched again'),
      },
    ),
    lastUse,
  );
  events.onAny('keyRevoked', ({ keyId }) => authenticator.forget(keyId));

  const databases = new WeakMap<Viewer, TenantHandle>();
  const databaseOf = (viewer: Viewer) => {
    const known = databases.get(viewer);
    if (known) return known;
    const made = database.forTenant(viewer.tenantId, viewer.agentId);
    databases.set(viewer, made);
    return made;
  };
  const admission = createAdmission();
  const turns = createOperationTurns();
  const streams = createStreams(events, database);
  const { tracing } = resources;
  const operations = createOperations({
    ...(tracing && {
      around: ({ operation, name }, run) =>
        tracing.span(
          name ? `${operation} ${name.value}` : operation,
          { 'graphql.operation.type': operation, ...(name && { 'graphql.operation.name': name.value }) },
          run,
        ),
    }),
    prepare,
    turns,
    contextOf(viewer, { budget, actor = null, mayLag = false } = {}) {
      const handle = databaseOf(viewer);
      const own = { budget, admission, actor };
      return createGraphContext(viewer, actor ? handle.as(actor) : mayLag ? handle.lagging : handle, services, own);
    },
    streams,
  });
  return { operations, streams, authenticator, lastUse, fileUrls, services, databaseOf, admission, turns };
}
