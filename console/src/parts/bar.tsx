import { useId } from 'react';

type BarProps = { label: string; done: number; total: number | null; secondsLeft?: number | null };

const duration = (seconds: number) =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

/** How much of something is done, and how long it goes on if that is known. */
export function Bar({ label, done, total, secondsLeft = null }: BarProps) {
  const id = useId();
  return (
    <div className="bar">
      <label htmlFor={id}>{label}</label>
      <progress id={id} {...(total !== null && { max: Math.max(1, total), value: total === 0 ? 1 : done })} />
      <small role="status">
        {done.toLocaleString('en')}
        {total !== null && ` of ${total.toLocaleString('en')}`}
        {secondsLeft !== null && secondsLeft > 0 && `, about ${duration(secondsLeft)} left`}
      </small>
    </div>
  );
}
