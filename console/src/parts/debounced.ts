import { useEffect, useState } from 'react';

/** Returns the value when it has not changed for that long. */
export function useDebounced<Value>(value: Value, ms = 180): Value {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
