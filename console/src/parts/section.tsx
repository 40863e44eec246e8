import { type ReactNode, useId } from 'react';

type SectionProps = {
  title: string;
  /** How many there are, where that is known. */
  count?: number | null | undefined;
  actions?: ReactNode;
  children: ReactNode;
};

/** A part of a page under a heading of its own. */
export function Section({ title, count, actions, children }: SectionProps) {
  const id = useId();
  return (
    <section className="section" aria-labelledby={id}>
      <header>
        <h2 id={id}>
          {title} {count != null && <span className="count">{count.toLocaleString('en')}</span>}
        </h2>
        {actions}
      </header>
      {children}
    </section>
  );
}
