import { type ReactNode, useState } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { Problem } from '../graph/problem.ts';
import { ProblemPanel } from './states.tsx';

type ConfirmProps = {
  title: string;
  /** What will be done, before it is done. */
  children: ReactNode;
  action: string;
  danger?: boolean;
  /** A word that has to be typed first, for what cannot be undone. */
  typed?: string;
  ready?: boolean;
  busy?: boolean;
  problem?: Problem | null;
  /** Whether it is done already, and there is nothing to cancel. */
  done?: boolean;
  onConfirm(): void;
  onClose(): void;
};

/** Says what an action will do, and asks before it is done. */
export function Confirm(props: ConfirmProps) {
  const {
    title,
    children,
    action,
    danger,
    typed,
    ready = true,
    busy = false,
    problem,
    done,
    onConfirm,
    onClose,
  } = props;
  const [given, setGiven] = useState('');
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog role="alertdialog">
          <form
            onSubmit={(event) => {
              event.preventDefault();
              onConfirm();
            }}
          >
            <Heading slot="title">{title}</Heading>
            {children}
            {typed && (
              <label className="field">
                <span>
                  Type <b>{typed}</b> to go on
                </span>
                <input value={given} onChange={(event) => setGiven(event.target.value)} autoComplete="off" />
              </label>
            )}
            {problem && <ProblemPanel problem={problem} />}
            <div className="modal-actions">
              {!done && (
                <button type="button" className="button" onClick={onClose}>
                  Cancel
                </button>
              )}
              <button
                type="submit"
                className={`button ${danger ? 'button-danger' : 'button-primary'}`}
                disabled={busy || !ready || (typed !== undefined && given.trim() !== typed)}
              >
                {busy ? 'Working…' : action}
              </button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
