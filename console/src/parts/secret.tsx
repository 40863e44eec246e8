import { Check, Copy } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';

/** A secret that is shown this once, with a button that copies it. It takes the focus, so that a keyboard copies it. */
export function Secret({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (value) field.current?.focus();
  }, [value]);
  return (
    <div className="secret">
      <span>{label}</span>
      <div className="field-row">
        <input ref={field} readOnly value={value} aria-label={label} onFocus={(event) => event.target.select()} />
        <button
          type="button"
          className="button"
          onClick={async () => {
            await navigator.clipboard.writeText(value);
            setCopied(true);
          }}
        >
          {copied ? <Check aria-hidden="true" size={14} /> : <Copy aria-hidden="true" size={14} />}
          <span role="status">{copied ? 'Copied' : 'Copy'}</span>
        </button>
      </div>
      <p className="hint">It is shown this once.</p>
    </div>
  );
}
