import type { Logger } from 'pino';
import { createAuthenticator } from '../auth/authenticate.ts';
import type { DevelopmentKeys } from '../auth/development-keys.ts';
import { jwtVerifier } from '../auth/jwt.ts';
import type { Viewer } from '../auth/viewer.ts';
import { channelsChanged, setAvatarFile } from '../avatars/automatic.ts';
import { createFileUrls } from '../avatars/file-urls.ts';
import type { Config } from '../config.ts';
import { announceDepartures } from '../conversations/departures.ts';
import type { TenantDatabase } from '../database/database.ts';
import { createAdmission } from '../operations/admission.ts';
import { createPrepare } from '../operations/prepare.ts';
import { createOperations } from '../operations/run.ts';
import { createStreams } from '../operations/streams.ts';
import { createGraphContext } from '../schema/context.ts';
import { buildSchema } from '../schema/schema.ts';
import type { Services } from '../schema/services.ts';
import type { Avatars } from './avatars.ts';
import type { Ground } from './ground.ts';
import type { Integrations } from './integrations.ts';

/** How often a query runs before it is compiled, unless tests say otherwise. */
const runsBeforeCompilation = 2;

export type Graph = ReturnType<typeof createGraph>;

export type GraphParts = {
  ground: Ground;
  integrations: Integrations;
  avatars: Avatars;
  publicUrl: () => string;
  compileAfter?: number | undefined;
};

/** The graph: who may ask, what resolvers get, and how operations are run. */
export function createGraph(
  config: Config,
  { ground, integrations, avatars, publicUrl, compileAfter }: GraphParts,
  log: Logger,
) {
  const { database, events, developmentKeys, secretKey } = ground;
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
      beforeDelete: (tx, userId) => announceDepartures(tx, { userId }),
    },
    externalUserHooks: { beforeDelete: (tx, contactId) => announceDepartures(tx, { contactId }) },
    fileUrls,
    tokenCipher,
    signIns,
    webhookProviders,
    publicUrl,
  };

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
  );
  events.onAny('keyRevoked', ({ keyId }) => authenticator.forget(keyId));

  const databases = new WeakMap<Viewer, TenantDatabase>();
  const databaseOf = (viewer: Viewer) => {
    const known = databases.get(viewer);
    if (known) return known;
    const made = database.forTenant(viewer.tenantId, viewer.agentId);
    databases.set(viewer, made);
    return made;
  };
  const admission = createAdmission();
  const streams = createStreams(events, database);
  const operations = createOperations({
    prepare: createPrepare(buildSchema(), {
      introspection: config.introspection,
      compileAfter: compileAfter ?? runsBeforeCompilation,
    }),
    contextOf: (viewer, budget) => createGraphContext(viewer, databaseOf(viewer), services, budget, admission),
    streams,
  });
  return { operations, streams, authenticator, fileUrls };
}
