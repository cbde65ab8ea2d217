import { useCallback, useId, useRef, useState } from 'react';
import { isInUse } from '../../network/media-paths.ts';
import type { MediaInfo } from '../../session/snapshot.ts';
import './port-badge.css';
import { addressWords, badgeWords } from '../common/labels.ts';
import { useDismiss } from '../common/use-dismiss.ts';

const directionWords = { send: 'Sending', receive: 'Receiving' } as const;

/** Which port mode serves this call, and over which ports. */
export function PortBadge({ media }: { media: MediaInfo }) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const id = useId();
  useDismiss(
    ref,
    open,
    useCallback(() => setOpen(false), []),
  );
  const { text, explanation } = badgeWords(media);
  const connected = isInUse(media.paths);
  return (
    <div className="port-badge" ref={ref}>
      <button
        type="button"
        data-testid="port-badge"
        data-connected={connected}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {text}
      </button>
      <section id={id} className="popover" hidden={!open} aria-label="Ports of this call">
        <h2>{media.portMode}</h2>
        <p>{explanation}</p>
        <dl>
          {media.paths.map((path) => (
            <div key={`${path.direction} ${addressWords(path)}`}>
              <dt>
                {directionWords[path.direction]}
                {path.state === 'offered' && ' (offered)'}
              </dt>
              <dd>{addressWords(path)}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}
