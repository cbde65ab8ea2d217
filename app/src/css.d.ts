import 'react';

declare module 'react' {
  interface CSSProperties {
    /** Custom properties, by which a component passes values to its style sheet. */
    [property: `--${string}`]: string | number | undefined;
  }
}
