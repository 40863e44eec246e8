import { expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { createConfig } from '../factories.ts';
import { call, undo } from '../merging/histories.ts';
import { allRows } from '../merging/invariants.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });
const { importedRows } = transfers(service);

const ids = async (of: typeof service.tenant): Promise<string[]> =>
  dataOf(await of.graphql('{ participants { id } }')).participants.map(({ id }: { id: string }) => id);

test.each(['SKIP', 'UPDATE', 'FAIL'])(
  'a file whose participants were merged since brings nobody back, with %s',
  async (onConflict) => {
    const of = await service.createTenant();
    const config = await createConfig(of, 'slack');
    const channel = (address: string) => [{ integrationConfigId: config, address }];
    const rows = [
      { id: 'kept', displayName: 'Kept', email: 'kept@example.com', channels: channel('U1') },
      { id: 'gone', displayName: 'Gone', email: 'gone@example.com', channels: channel('U2') },
    ];
    expect(await importedRows('PARTICIPANTS', rows, {}, of)).toMatchObject({ created: 2 });
    const { participants } = dataOf(await of.graphql('{ participants { id displayName } }'));
    const idOf = (name: string) => participants.find((each: { displayName: string }) => each.displayName === name).id;
    const input = { intoId: idOf('Kept'), fromIds: [idOf('Gone')] };
    const { merge } = dataOf(await call(of, 'mergeParticipants', input, 'merge { id }')).mergeParticipants;
    const before = await allRows(service, of);
    const again = await importedRows('PARTICIPANTS', rows, { onConflict }, of);
    expect(again).toMatchObject({ state: 'DONE', created: 0, updated: 0 });
    expect(await ids(of)).toEqual([idOf('Kept')]);
    const after = await allRows(service, of);
    for (const table of ['participant', 'channel', 'merged_id', 'merge']) expect(after[table]).toEqual(before[table]);
    expect(dataOf(await undo(of, merge.id)).undoMerge.notRestored).toEqual([]);
  },
);
