import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../../app/viewer.tsx';
import type { DuplicateKind } from '../../graph/generated/graphql.ts';
import { Empty, NotAllowed } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { MergePreview } from './preview.tsx';
import { Side, SidePicker } from './side.tsx';

const route = getRouteApi('/merge');

/** Makes several who are the same one: side by side, what will be, and then the merge. */
export function Merge() {
  useTitle('Merge');
  const may = { EXTERNAL_USER: useMay('USERS_WRITE'), PARTICIPANT: useMay('PARTICIPANTS_WRITE') };
  const { of } = route.useSearch();
  const navigate = route.useNavigate();
  const kind: DuplicateKind = of === 'people' ? 'PARTICIPANT' : 'EXTERNAL_USER';
  return (
    <div className="page">
      <h1>Those who are the same</h1>
      <fieldset className="filters">
        <legend className="visually-hidden">Who they are</legend>
        <button
          type="button"
          className="filter"
          aria-pressed={of !== 'people'}
          onClick={() => navigate({ search: {} })}
        >
          External users
        </button>
        <button
          type="button"
          className="filter"
          aria-pressed={of === 'people'}
          onClick={() => navigate({ search: { of: 'people' } })}
        >
          People of the directory
        </button>
      </fieldset>
      {may[kind] ? (
        <Sides kind={kind} />
      ) : kind === 'PARTICIPANT' ? (
        <NotAllowed what="changing the directory" scope="participants:write" />
      ) : (
        <NotAllowed what="changing external users" scope="users:write" />
      )}
    </div>
  );
}

function Sides({ kind }: { kind: DuplicateKind }) {
  const { of, into = '', from: given = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const from = [...new Set(given.split(','))].filter(Boolean);
  const go = (next: { into: string; from: readonly string[] }) =>
    navigate({ search: { of, into: next.into || undefined, from: next.from.join(',') || undefined } });
  return (
    <>
      <div className="columns">
        {into ? (
          <Side kind={kind} id={into} title="Stays">
            <button type="button" className="button button-small" onClick={() => go({ into: '', from })}>
              Choose another
            </button>
          </Side>
        ) : (
          <SidePicker kind={kind} label="Who stays" onPick={(id) => go({ into: id, from })} />
        )}
        {from.map((id) => (
          <Side key={id} kind={kind} id={id} title="Is merged away">
            <button
              type="button"
              className="button button-small"
              onClick={() => go({ into: id, from: from.map((one) => (one === id ? into : one)) })}
            >
              Keep this one instead
            </button>
            <button
              type="button"
              className="button button-small"
              onClick={() => go({ into, from: from.filter((one) => one !== id) })}
            >
              Leave out
            </button>
          </Side>
        ))}
        {from.length < 20 && (
          <SidePicker
            key={given}
            kind={kind}
            label={from.length === 0 ? 'Who is merged away' : 'Who else is merged away'}
            onPick={(id) => go({ into, from: [...from, id] })}
          />
        )}
      </div>
      {from.includes(into) && <Empty title="They are the same already">Choose another.</Empty>}
      {into !== '' && from.length > 0 && !from.includes(into) && (
        <MergePreview key={into + given} kind={kind} into={into} from={from} />
      )}
    </>
  );
}
