// PostGraphile 5 on the service's own tables, with its Amber preset.
import { createServer } from 'node:http';
import pg from 'pg';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { listen, settings } from './settings.ts';

const { databaseUrl, poolSize } = settings;
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  // It shows relations that have an index, and does not know of those that leave out nulls.
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [
    makePgService({
      pool: new pg.Pool({ connectionString: databaseUrl, max: poolSize, options: '-c TimeZone=UTC' }),
      schemas: ['public', 'postgraphile'],
      pubsub: false,
    }),
  ],
  grafserv: { graphqlPath: '/graphql', graphiql: false, websockets: false, watch: false },
  grafast: { explain: false },
  // Lists beside connections: the same answers as the others give, without edges around them.
  schema: { defaultBehavior: '+list +connection' },
});

const server = createServer();
await instance.createServ(grafserv).addTo(server);
await instance.getSchema();
await listen(server);
