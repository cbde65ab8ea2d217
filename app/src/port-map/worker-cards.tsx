import type { WorkerRow } from '@oneport/protocol';
import { formatBytes, formatCount } from './labels.ts';
import './cards.css';

export function WorkerCards({ workers }: { workers: WorkerRow[] }) {
  if (workers.length === 0) {
    return <p className="map-empty">No worker is running.</p>;
  }
  return (
    <ul className="map-workers">
      {workers
        .toSorted((a, b) => a.index - b.index)
        .map((worker) => (
          <li key={worker.key} data-testid={`worker-${worker.key}`}>
            <Worker worker={worker} />
          </li>
        ))}
    </ul>
  );
}

function Worker({ worker }: { worker: WorkerRow }) {
  const { index, pid, cpu, memory, rooms, transports, ports, portCount, rates } = worker;
  const more = portCount - ports.length;
  return (
    <>
      <h3>
        Worker {index} <span>pid {pid}</span>
      </h3>
      <p>
        {formatCount(rooms, 'room')}, {formatCount(transports, 'transport')}
      </p>
      <dl>
        <dt>CPU</dt>
        <dd>
          {cpu === null ? '…' : `${Math.round(cpu * 100)} %`}
          <meter min={0} max={1} high={0.8} value={cpu ?? 0} aria-label="CPU" />
        </dd>
        <dt>Memory</dt>
        <dd>{memory === null ? 'not available on this system' : formatBytes(memory)}</dd>
        <dt>In</dt>
        <dd>{rates ? `${formatBytes(rates.bytesIn)}/s · ${rates.packetsIn} RTP/s` : '…'}</dd>
        <dt>Out</dt>
        <dd>{rates ? `${formatBytes(rates.bytesOut)}/s · ${rates.packetsOut} RTP/s` : '…'}</dd>
        <dt>{portCount === 1 ? 'Port' : 'Ports'}</dt>
        <dd>
          {portCount === 0 && 'none'}
          {ports.map((key) => (
            <code key={key}>{key}</code>
          ))}
          {more > 0 && ` and ${more} more`}
        </dd>
      </dl>
    </>
  );
}
