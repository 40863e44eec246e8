import { Search } from 'lucide-react';
import type { ReactNode } from 'react';

type SearchFieldProps = {
  label: string;
  placeholder: string;
  value: string;
  onChange(value: string): void;
  /** What Enter does; where nothing is given, what is typed is searched for as it is typed. */
  onSubmit?: () => void;
  large?: boolean;
  children?: ReactNode;
};

/** The placeholder and the name of every field that finds anybody by anything. */
export const byAnything = {
  label: 'Name, e-mail address, telephone number, foreign key or channel address',
  placeholder: 'Name, e-mail, telephone number, foreign key, address…',
} as const;

/** A field to search with. */
export function SearchField({ label, placeholder, value, onChange, onSubmit, large, children }: SearchFieldProps) {
  return (
    <search>
      <form
        className={`search ${large ? 'search-large' : ''}`}
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <Search aria-hidden="true" size={large ? 18 : 15} />
        <input
          type="search"
          aria-label={label}
          placeholder={placeholder}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
        {children}
      </form>
    </search>
  );
}
