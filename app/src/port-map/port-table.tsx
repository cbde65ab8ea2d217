import type { Counted, PortCount, PortMapFacts, PortRow } from '@oneport/protocol';
import { formatAddress } from '../ui/common/labels.ts';
import { countedByLabels, counterLabel, formatRates } from './labels.ts';
import './cards.css';

/** The open ports: their workers, their traffic, and what they drop. */
export function PortTable(props: {
  ports: PortRow[];
  facts: PortMapFacts;
  chosen: string | null;
  onChoose(key: string | null): void;
}) {
  const { ports, facts, chosen, onChoose } = props;
  if (ports.length === 0) {
    return <p className="map-empty">No port is open, because there are no transports.</p>;
  }
  const sorted = ports.toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? 1 : -1));
  return (
    <>
      <ul className="map-ports">
        {sorted.map((port) => (
          <li key={port.key} data-chosen={port.key === chosen} data-testid={`port-${port.key}`}>
            <button
              type="button"
              aria-pressed={port.key === chosen}
              onClick={() => onChoose(port.key === chosen ? null : port.key)}
            >
              <strong>
                {port.protocol} <b>:{port.port}</b>
              </strong>
              <span>
                {port.connected} of {port.transports} connected
              </span>
            </button>
            <p>
              {port.workers.length === 1 ? 'worker' : 'workers'} {port.workers.join(', ')} ·{' '}
              {port.addresses.join(', ')}
              {isAnnouncedElsewhere(port) && <> · announced as {port.announced.join(', ')}</>}
            </p>
            <p>{port.rates ? formatRates(port.rates) : '…'}</p>
            <Counts counts={port.counts} counted={facts.counted} />
          </li>
        ))}
      </ul>
      {facts.ports > ports.length && (
        <p className="map-more">
          {ports.length} of {facts.ports} ports. A search shows the ports of the transports that it
          finds.
        </p>
      )}
    </>
  );
}

function isAnnouncedElsewhere({ addresses, announced, port }: PortRow): boolean {
  return announced.some((one) => !addresses.some((ip) => one === formatAddress(ip, port)));
}

function Counts({ counts, counted }: { counts: PortCount[]; counted: Counted }) {
  const workersCount = counts.some(({ by }) => by === 'workers');
  return (
    <>
      {counts.map(({ by, handled, dropped }) => {
        const total = sum(dropped);
        const heading = (
          <>
            {total === 0 ? 'nothing dropped' : `${total.toLocaleString('en')} dropped`}{' '}
            <span>{countedByLabels[by]}</span>
          </>
        );
        return total + sum(handled) === 0 ? (
          <p key={by} className="map-uncounted">
            {heading}
          </p>
        ) : (
          <details key={by} open={by !== 'workers' || counts.length === 1}>
            <summary>{heading}</summary>
            <Counters counters={dropped} className="dropped" />
            <Counters counters={handled} className="handled" />
          </details>
        );
      })}
      {counted === 'needs-patched-worker' && !workersCount && (
        <p className="map-unknown">dropped: needs the patched worker</p>
      )}
      {counted === 'not-counted' && <p className="map-unknown">drops: not counted in this mode</p>}
    </>
  );
}

function Counters({
  counters,
  className,
}: {
  counters: Record<string, number>;
  className: string;
}) {
  // There are many reasons, most of which have not occurred.
  const shown = Object.entries(counters).filter(([, count]) => count > 0);
  if (shown.length === 0) {
    return null;
  }
  return (
    <dl className={className}>
      {shown.map(([name, count]) => (
        <div key={name}>
          <dt>{counterLabel(name)}</dt>
          <dd>{count.toLocaleString('en')}</dd>
        </div>
      ))}
    </dl>
  );
}

function sum(counters: Record<string, number>): number {
  return Object.values(counters).reduce((total, count) => total + count, 0);
}
