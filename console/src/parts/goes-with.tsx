import type { Problem } from '../graph/problem.ts';
import { Confirm } from './confirm.tsx';
import { Loading } from './states.tsx';

type GoesWithProps = {
  name: string;
  /** What goes with it, as the service's preview says. Null until that has come. */
  goes: readonly string[] | null;
  busy: boolean;
  problem: Problem | null;
  onConfirm(): void;
  onClose(): void;
};

/** Says what is deleted together with something, before it is deleted. */
export function GoesWith({ name, goes, busy, problem, onConfirm, onClose }: GoesWithProps) {
  return (
    <Confirm
      title={`Delete ${name}?`}
      action={goes && goes.length > 0 ? 'Delete with all of this' : 'Delete'}
      danger
      ready={goes !== null}
      busy={busy}
      problem={problem}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      {!goes && !problem && <Loading what="what goes with it" />}
      {goes?.length === 0 && <p>Nothing goes with it.</p>}
      {goes && goes.length > 0 && (
        <ul className="bullets">
          {goes.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
    </Confirm>
  );
}
