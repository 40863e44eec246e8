import { useState } from 'react';
import type { Problem } from '../graph/problem.ts';
import { Confirm } from './confirm.tsx';

type RenameProps = {
  name: string;
  busy: boolean;
  problem: Problem | null;
  onRename(name: string): void;
  onClose(): void;
};

/** Asks for another name. */
export function Rename({ name, busy, problem, onRename, onClose }: RenameProps) {
  const [given, setGiven] = useState(name);
  return (
    <Confirm
      title={`Rename ${name}`}
      action="Rename"
      ready={given.trim() !== '' && given.trim() !== name}
      busy={busy}
      problem={problem}
      onConfirm={() => onRename(given.trim())}
      onClose={onClose}
    >
      <label className="field">
        <span>Name</span>
        <input value={given} onChange={(event) => setGiven(event.target.value)} autoComplete="off" dir="auto" />
      </label>
    </Confirm>
  );
}
