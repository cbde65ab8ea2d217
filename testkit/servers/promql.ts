import { parser } from '@prometheus-io/lezer-promql';
import type { Series } from './scrape.ts';

/** Prometheus adds these labels to what it scrapes (prometheus.io, "Jobs and instances"). */
const targetLabels = ['instance', 'job'];

/** Stands for the time range that Grafana inserts. */
const grafanaRange = '5m';

interface Dashboard {
  panels: { title: string; targets?: { expr: string; legendFormat: string }[] }[];
}

/**
 * Finds the metrics, labels and values in a Grafana dashboard that are not scraped.
 *
 * @param dashboard - as exported by Grafana
 * @param series - of a scrape
 * @returns a line for each fault
 */
export function faultsOf({ panels }: Dashboard, series: Series[]): string[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ expr, legendFormat }) =>
      faultsOfQuery(expr, legendFormat, series).map((fault) => `${title}: ${fault} in ${expr}`),
    ),
  );
}

function faultsOfQuery(grafanaQuery: string, legend: string, series: Series[]): string[] {
  const query = grafanaQuery.replaceAll('$__rate_interval', grafanaRange);
  const faults: string[] = [];
  const known = new Set(targetLabels);
  let selected: Series[] = [];
  let matcher: string[] = [];
  const grouping = new Set<string>();
  parser.parse(query).iterate({
    enter({ name, type, from, to, node }) {
      const text = query.slice(from, to);
      if (type.isError) {
        faults.push(`not PromQL at ${from}`);
      }
      if (name === 'Identifier') {
        selected = series.filter((one) => one.name === text);
        if (selected.length === 0) {
          faults.push(`no metric ${text}`);
        }
        for (const { labels } of selected) {
          for (const label of Object.keys(labels)) {
            known.add(label);
          }
        }
      } else if (name === 'LabelName' && node.parent?.name === 'GroupingLabels') {
        grouping.add(text);
      } else if (name === 'LabelName') {
        matcher = [text];
      } else if (name === 'MatchOp') {
        matcher.push(text);
      } else if (name === 'StringLiteral') {
        const [label = '', operator = ''] = matcher;
        faults.push(...faultsOfMatcher({ label, operator, value: text.slice(1, -1) }, selected));
      }
    },
  });
  for (const label of grouping) {
    if (!known.has(label)) {
      faults.push(`no label ${label}`);
    }
  }
  const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '');
  // An aggregation has only its grouping labels.
  const left = /\b(sum|max|min|avg|count)\b/.test(query) ? grouping : known;
  for (const label of shown) {
    if (!left.has(label)) {
      faults.push(`legend without ${label}`);
    }
  }
  return faults;
}

function faultsOfMatcher(
  { label, operator, value }: { label: string; operator: string; value: string },
  selected: Series[],
): string[] {
  if (targetLabels.includes(label) || selected.length === 0) {
    return [];
  }
  const values = new Set(selected.map(({ labels }) => labels[label]));
  if (values.has(undefined)) {
    return [`no label ${label}`];
  }
  const wanted = operator.includes('~') ? value.split('|') : [value];
  return wanted.filter((one) => !values.has(one)).map((one) => `no ${label}="${one}"`);
}
