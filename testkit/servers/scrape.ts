/** A series as Prometheus reads it. */
export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The sum of all series with these labels; undefined when there is none. */
export type ValueOf = (name: string, labels?: Record<string, string>) => number | undefined;

/**
 * Reads metrics as Prometheus does.
 *
 * @param url - of /metrics
 * @param token - METRICS_TOKEN
 * @throws when the status is not 200, or a line is not of the text format
 */
export async function scrape(url: string, token?: string): Promise<Series[]> {
  const response = await fetch(url, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  if (response.status !== 200) {
    throw new Error(`${url}: ${response.status}`);
  }
  const lines = (await response.text()).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseLine);
}

export function valueIn(series: Series[]): ValueOf {
  return (name, labels = {}) => {
    const found = series.filter(
      (one) =>
        one.name === name &&
        Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  };
}

function parseLine(line: string): Series {
  const [, name = '', labels = '', value] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (value === undefined) {
    throw new Error(`not a sample: ${line}`);
  }
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, label, text]) => [label, text])),
    value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
  };
}
