import 'react';

declare module 'react' {
  interface CSSProperties {
    /** Custom properties: what our style sheets take from a component. */
    [property: `--${string}`]: string | number | undefined;
  }
}
