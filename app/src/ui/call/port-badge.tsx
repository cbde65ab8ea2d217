import { useCallback, useId, useRef, useState } from 'react';
import type { MediaInfo } from '../../network/media-status.ts';
import { basePath } from '../../page/base-path.ts';
import './port-badge.css';
import { useDismiss } from '../common/hooks.ts';
import { formatPath, portBadgeLabel } from '../common/labels.ts';

const directionLabels = { send: 'Sending', receive: 'Receiving' } as const;

/** Shows the port mode of the server and the ports that media uses. */
export function PortBadge({ media }: { media: MediaInfo }) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const id = useId();
  useDismiss(
    ref,
    open,
    useCallback(() => setOpen(false), []),
  );
  const { text, explanation } = portBadgeLabel(media);
  return (
    <div className="port-badge" ref={ref}>
      <button
        type="button"
        data-testid="port-badge"
        data-connected={media.connected}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <span>{text}</span>
      </button>
      <section id={id} className="popover" hidden={!open} aria-label="Ports of this call">
        <h2>{media.portMode}</h2>
        <p>{explanation}</p>
        <dl>
          {media.paths.map((path) => (
            <div key={`${path.direction} ${formatPath(path)}`}>
              <dt>
                {directionLabels[path.direction]}
                {path.state === 'offered' && ' (offered)'}
              </dt>
              <dd>{formatPath(path)}</dd>
            </div>
          ))}
        </dl>
        <a href={`${basePath}docs/choosing-a-port-mode`} target="_blank" rel="noopener">
          How port modes work
        </a>
      </section>
    </div>
  );
}
